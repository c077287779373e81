"""What InvestRight's refusals mean (the dossier, section 8). None of its error bodies is published, so a refusal is
what stands in these tables; everything else that follows a write leaves its outcome unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ordo.adapters.brokers.hdfc.wire import decoded
from ordo.domain.errors import ErrorCode, OrdoError, OutcomeUnknown, Refused, Unavailable, Unreadable
from ordo.domain.secrecy import without

_E = ErrorCode
_SHOWN: Final = 200
_SUCCESS: Final = range(200, 300)
_GOOD: Final = frozenset({"success", "ok"})


class Call(StrEnum):
    """What was asked, as far as it decides what an error means."""

    PASSWORD = "password"  # noqa: S105  (a step of the login)
    OTP = "otp"
    LOGIN = "login"
    PLACE = "order"
    MODIFY = "modification"
    CANCEL = "cancellation"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer, whatever its shape. `message` is "" where it has none, and `shown` is as much of it as may be shown;
    `failed`: the answer says so itself; `is_own`: it is JSON, as no load balancer answers.
    """

    status: int
    body: object
    message: str
    shown: str
    failed: bool
    is_own: bool

    @classmethod
    def of(cls, status: int, content: bytes, secrets: Iterable[str] = ()) -> Said:
        """`secrets`: what the broker was sent and may repeat."""
        try:
            body = decoded(content)
        except ValueError:
            return cls(status=status, body=None, message="", shown="", failed=True, is_own=False)
        if not isinstance(body, Mapping):
            return cls(status=status, body=body, message="", shown="", failed=True, is_own=False)
        meta = body.get("meta")
        meta = meta if isinstance(meta, Mapping) else {}
        told = [body.get("status"), meta.get("statusCode")]
        failed = any(word is not None and str(word).lower() not in _GOOD for word in told)
        failed = failed or bool(body.get("error")) or not body
        message = _message(body, meta)
        return cls(
            status=status,
            body=body,
            message=message[:_SHOWN],
            shown=without(message, secrets)[:_SHOWN],
            failed=failed,
            is_own=True,
        )

    @property
    def succeeded(self) -> bool:
        """Transport and envelope both say so."""
        return self.status in _SUCCESS and not self.failed

    @property
    def transported(self) -> bool:
        """The status is good, whatever the body says."""
        return self.status in _SUCCESS

    @property
    def says_success(self) -> bool:
        return isinstance(self.body, Mapping) and str(self.body.get("status")).lower() in _GOOD

    @property
    def has_data(self) -> bool:
        return isinstance(self.body, Mapping) and "data" in self.body

    @property
    def data(self) -> object:
        return self.body.get("data") if isinstance(self.body, Mapping) else None


# Words that leave open what the order system did: they stand above every other.
_DOUBTS: Final = re.compile(
    r"something|went wrong|time[d ]*-?out|try (again|later)|unable to|could not|fail(ed|ure)?\b|internal|unexpected"
    r"|unknown|in progress|processing|await|respon|acknowledg|confirm|backend|gateway|connect"
    r"|already (sent|submitted|received)",
    re.IGNORECASE,
)
_FIELDS: Final = (
    r"\b(?:disclosed_?)?quantity|\bqty|\b(?:trigger_?)?price|\bproduct|\border.?type|\bvalidity|\btransaction.?type"
    r"|\bexchange|\b(?:instrument_?)?segment|\bexpiry(?:_date)?|\bstrike(?:_price)?|\boption.?type"
    r"|\bunderlying(?:_symbol)?|\b(?:external_)?reference(?:_number)?"
)
_FAULTS: Final = (
    r"\binvalid|\brequired|\bmandatory|\bmultiple|\btick\b|\blot\b|\bcircuit|\bfreeze|\bexceeds"
    r"|\bcannot be (?:less|greater|more|zero|negative|blank|empty)"
    r"|\b(?:should|must) be (?:an? |in )?(?:multiple|greater|more|less|above|below|positive|within|one of|numeric)"
)

# Case-blind; the first that matches counts (section 8.3).
_TEXTS: Final[tuple[tuple[re.Pattern[str], ErrorCode], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), code)
    for pattern, code in (
        (r"\bip\b.*(not |un).*(whitelist|map|allow|regist|authori)|un-?authori[sz]ed ip\b", _E.IP_NOT_ALLOWED),
        (r"invalid_?apikey|api[ _]?key.*(invalid|inactive|expired)|invalid api[ _]?key", _E.PERMISSION_DENIED),
        (r"invalid credentials|full authentication", _E.INVALID_SESSION),
        (
            r"(?<!instrument )(?<!scrip )\btoken.{0,20}(expired|invalid)|(expired|invalid) (access )?token\b",
            _E.INVALID_SESSION,
        ),
        (r"\bunauthori[sz]ed\b|session.{0,12}(expired|invalid)|(expired|invalid) session", _E.INVALID_SESSION),
        (r"too many requests|rate ?limit|throttl", _E.RATE_LIMITED),
        (r"can only of limit type", _E.INVALID_ORDER),
        (r"short sell|insufficient (holding|quantity|stock|share)", _E.INSUFFICIENT_HOLDINGS),
        (
            r"margin (exceed|shortfall)|insufficient (fund|margin|balance|limit)|funds? not available",
            _E.INSUFFICIENT_FUNDS,
        ),
        (r"market (is )?(closed|not open)|amo.*not allowed|pre-?open", _E.MARKET_CLOSED),
        (r"order.{0,12}(not found|does not exist)|invalid order (number|id)|no such order", _E.ORDER_NOT_FOUND),
        (
            r"(cannot|can't|can not) be (modified|cancell?ed)|already (traded|executed|cancell?ed|rejected|complete)",
            _E.ORDER_NOT_MODIFIABLE,
        ),
        (
            r"invalid (security|symbol|token|instrument|scrip)|suspended|expired contract|not admitted|\bbanned\b",
            _E.INVALID_INSTRUMENT,
        ),
        (rf"({_FIELDS})\b.*({_FAULTS})|({_FAULTS}).*({_FIELDS})\b", _E.INVALID_ORDER),
        (r"not enabled|disabled for|not permitted|forbidden|access denied|user-?agent", _E.PERMISSION_DENIED),
    )
)
# These are answered before anything reaches the order system, so that even a load balancer's page proves a refusal.
_STATUSES: Final[Mapping[int, ErrorCode]] = {
    401: _E.INVALID_SESSION,
    403: _E.PERMISSION_DENIED,
    429: _E.RATE_LIMITED,
}
# Under which a text of the tables proves a refusal; 200 because the broker may answer `status: error` there.
_REFUSING: Final = frozenset({200, 400, 404, 422})
_OF_LOGIN: Final[Mapping[Call, ErrorCode]] = {
    Call.PASSWORD: _E.INVALID_CREDENTIALS,
    Call.OTP: _E.INVALID_OTP,
    Call.LOGIN: _E.INVALID_SESSION,
}
_ABOVE_LOGIN: Final = frozenset({_E.IP_NOT_ALLOWED, _E.PERMISSION_DENIED, _E.RATE_LIMITED})
_CLIENT_ERRORS: Final = range(400, 500)
# Answers of 4xx that don't say that the request was turned down for what it is.
_UNDECIDED: Final = frozenset({404, 405, 408, 409, 425})
_ADVICE: Final[Mapping[ErrorCode, str]] = {
    _E.INVALID_SESSION: "Log in again.",
    _E.IP_NOT_ALLOWED: "Send from the static address that is registered for the API key at HDFC.",
    _E.PERMISSION_DENIED: "Logging in again won't help: see what HDFC allows this API key and account.",
    _E.RATE_LIMITED: "Ask more slowly.",
    _E.INVALID_CREDENTIALS: "Check user and password, and start the login again.",
    _E.INVALID_OTP: "Start the login again, for a new code.",
}


def code_of(text: str) -> ErrorCode | None:
    """What a message or the reason of a rejected row means; `None` where no table has it."""
    return next((code for pattern, code in _TEXTS if pattern.search(text)), None)


def is_expired_code(text: str) -> bool:
    """Whether a one-time code was turned down for its age."""
    return "expired" in text.lower()


def of_read(said: Said, what: str, broker_id: str) -> OrdoError:
    """Why a read failed: `Refused` where the broker turned it down, else `Unavailable`."""
    code = _STATUSES.get(said.status)
    by_text = code_of(said.message) if said.is_own else None
    if said.status in _CLIENT_ERRORS or said.status in _SUCCESS:
        if by_text in (_E.IP_NOT_ALLOWED, _E.PERMISSION_DENIED, _E.RATE_LIMITED, _E.INVALID_SESSION):
            code = by_text
        if code is not None:
            return _refused(code, said, f"HDFC refused to give {what}", broker_id)
    return Unavailable(
        ErrorCode.BROKER_UNAVAILABLE,
        f"HDFC did not give {what} ({_described(said)}). Nothing is known of it; ask again.",
        broker_id=broker_id,
        native_error=said.shown or None,
    )


def of_write(said: Said, call: Call, broker_id: str) -> OrdoError:
    """Why a write failed: `Refused` where the tables prove it, else `OutcomeUnknown`."""
    code = None if said.says_success else _STATUSES.get(said.status)
    if said.is_own and not said.says_success and (code is not None or said.status in _REFUSING):
        code = _by_text(said.message, call) or code
    if code is None:
        return OutcomeUnknown(
            f"HDFC's answer to the {call} proves nothing ({_described(said)}): it may have been carried out. Do not"
            " repeat it; Ordo looks into the order book.",
            broker_id=broker_id,
            native_error=said.shown or None,
        )
    return _refused(code, said, f"HDFC refused the {call}: nothing was accepted", broker_id)


def of_login(said: Said, call: Call, broker_id: str) -> OrdoError:
    """Why a step of the login failed."""
    code = _STATUSES.get(said.status)
    answered = said.status in _SUCCESS or (said.status in _CLIENT_ERRORS and said.status not in _UNDECIDED)
    if said.is_own and answered and said.message:
        by_text = code_of(said.message)
        code = by_text if by_text in _ABOVE_LOGIN else code or _OF_LOGIN[call]
    if code is ErrorCode.INVALID_SESSION:
        code = _OF_LOGIN[call]
    if code is None:
        return Unavailable(
            ErrorCode.BROKER_UNAVAILABLE,
            f"HDFC did not answer the login ({_described(said)}). No session was opened; start the login again.",
            broker_id=broker_id,
            native_error=said.shown or None,
        )
    return _refused(code, said, "HDFC refused the login: no session was opened", broker_id)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise `Unreadable` for words that make no sense, without repeating them: they may be private."""
    try:
        yield
    except Unreadable:
        raise
    except (ValueError, ArithmeticError) as error:
        places = getattr(error, "errors", None)
        where = ""
        if callable(places):
            where = ", ".join(".".join(map(str, fault["loc"])) for fault in places()[:3])
        raise Unreadable(f"{what} of HDFC, where {where or str(error)[:_SHOWN]}") from None


def _by_text(message: str, call: Call) -> ErrorCode | None:
    if _DOUBTS.search(message):
        return None
    code = code_of(message)
    if code is ErrorCode.ORDER_NOT_MODIFIABLE and call is Call.PLACE:
        return ErrorCode.ORDER_REJECTED
    return code


def _refused(code: ErrorCode, said: Said, what: str, broker_id: str) -> Refused:
    why = f" ({said.shown})" if said.shown else f" (HTTP {said.status})"
    advice = _ADVICE.get(code, "")
    return Refused(
        code,
        f"{what}{why}. {advice}".rstrip(),
        broker_id=broker_id,
        native_error=said.shown or None,
    )


def _described(said: Said) -> str:
    what = said.shown or ("an error without words" if said.is_own else "a page that is not the broker's")
    return f"HTTP {said.status}: {what}"


def _message(body: Mapping[str, object], meta: Mapping[str, object]) -> str:
    error = body.get("error")
    inner = error.get("message") if isinstance(error, Mapping) else error
    for text in (body.get("message"), inner, meta.get("displayMessage"), meta.get("statusMsg"), _detail(body)):
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())
    return ""


def _detail(body: Mapping[str, object]) -> object:
    detail = body.get("detail")
    if isinstance(detail, list):
        places = [one.get("loc") for one in detail if isinstance(one, Mapping)]
        return "invalid " + ", ".join(str(place) for place in places)
    return detail
