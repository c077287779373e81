"""Where a broker sends the browser after a login: pages for a person, with nothing in them that came from outside."""

from __future__ import annotations

from html import escape
from typing import Final

from litestar import Router, get

from ordo.application.context import Context
from ordo.application.gateway import Gateway
from ordo.domain.errors import ErrorCode, Invalid, OrdoError
from ordo.domain.sessions import Secret, Session
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import BROKER, PUBLIC, STORE, Answer, contract
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.errors import ROWS
from ordo.entrypoints.http.pages import alone
from ordo.entrypoints.http.reading import Call
from ordo.schemas.v1.queries import RedirectQuery

_ACTOR: Final = "callback"
_LONGEST: Final = 4096
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.6 system-ui,sans-serif;max-width:32rem;margin:18vh auto;padding:0 1.5rem}"
    "h1{font-size:1.4rem}p.quiet{opacity:.65;font-size:.85rem}"
)
_AGAIN: Final = "No session was opened. Start the login again, and follow the new address."


def routes(gateway: Gateway) -> Router:
    @get(
        "/{adapter_id:str}",
        operation_id="finishLogin",
        summary="The broker's redirect",
        description=(
            "The address to register at the broker. It finishes the one login whose `state` it brings back, at the"
            " gateway that began it, and is good for one call. Answers are pages for a person; none of what"
            " stands in the address is shown, kept or logged. Needs no token: the `state` is the proof."
        ),
        opt=PUBLIC
        | contract(
            answers={
                200: Answer(meaning="The session is open; the window can be closed."),
                202: Answer(meaning="The broker asks for more than its redirect: log in by the API."),
            },
            raises=(
                *STORE,
                *BROKER,
                ErrorCode.VALIDATION_ERROR,
                ErrorCode.NOT_FOUND,
                ErrorCode.INVALID_CREDENTIALS,
                ErrorCode.BROKER_TIMEOUT,
            ),
            query=RedirectQuery,
            pages=True,
        ),
    )
    async def finish(request: Call) -> Reply:
        name = correlation_id(request.scope)
        try:
            if len(request.scope["query_string"]) > _LONGEST:
                raise Invalid(ErrorCode.VALIDATION_ERROR, "the address is too long")
            step = await gateway.sessions.redirected(
                request.path_params["adapter_id"],
                Secret(str(request.url)),
                Context(principal=_ACTOR, correlation_id=name),
            )
        except OrdoError as error:
            row = ROWS[error.code]
            what = "no login waits for this redirect" if error.code is ErrorCode.NOT_FOUND else row.meaning
            return _page(row.status, "Not logged in", f"{error.code}: {what}. {_AGAIN}", name)
        if isinstance(step, Session):
            return _page(200, "Logged in", f"The session of {step.account} is open. You can close this window.", name)
        return _page(202, "Not finished", "The broker asks for more: log in from the command line or the API.", name)

    return Router("/callback", route_handlers=[finish], tags=["Sessions"])


def _page(status: int, title: str, text: str, name: str) -> Reply:
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Ordo: {escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"
        f"<p class=quiet>Ordo · correlation id {escape(name)}</p></body></html>"
    )
    return Reply(body.encode(), status=status, headers=alone(_STYLE), media_type="text/html; charset=utf-8")
