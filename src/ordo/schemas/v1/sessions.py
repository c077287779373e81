"""Logging in at a broker."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AliasPath, ConfigDict, Field, model_validator

from ordo.domain import sessions as domain
from ordo.domain.sessions import ChallengeKind, SessionState
from ordo.schemas.v1.base import Command, View
from ordo.schemas.v1.fields import AccountName, SecretAddress, SecretAnswer, Time


class Session(View[object]):
    """Where an account's session stands. It never shows a token."""

    account: AccountName = Field(description="`ADAPTER_ID/ACCOUNT_ID`.")
    adapter_id: str = Field(
        validation_alias=AliasPath("account", "adapter_id"),
        description="The configured broker.",
    )
    account_id: str = Field(
        validation_alias=AliasPath("account", "account_id"),
        description="The client code there.",
    )
    state: SessionState = Field(
        description=(
            "`ACTIVE`; `EXPIRED`; `SUSPECT`: the broker rejected a token that should be good; `NONE`: nobody has logged"
            " in."
        )
    )
    issued_at: Time | None = Field(description="When the login succeeded.")
    expires_at: Time | None = Field(description="When it ends.")
    advice: str = Field(description="What to do.")


class LoginChallenge(View[domain.LoginChallenge]):
    """One step of a login: open `login_url`, or answer the named `fields`."""

    account: AccountName = Field(description="`ADAPTER_ID/ACCOUNT_ID`.")
    challenge_id: str = Field(description="To be sent with the answer; good for one answer.")
    kind: ChallengeKind = Field(
        description=(
            "`redirect`: open `login_url`; `password`, `otp` or `consent`: answer `fields`; `none`: nothing to do."
        )
    )
    login_url: str | None = Field(description="The broker's own login page.")
    fields: tuple[str, ...] = Field(description="The names of the answers that are wanted.")
    message: str | None = Field(
        description="What the person must read first: terms to consent to, or why a code is asked for again."
    )
    expires_at: Time = Field(description="When the challenge can no longer be answered.")


class LoginAnswer(Command[domain.LoginAnswer]):
    """The answer to a challenge: the address that the broker redirected to, or the fields asked for. Nothing of it is
    kept or logged.
    """

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "not": {
                "required": ["redirect_url", "answers"],
                "properties": {"redirect_url": {"type": "string"}, "answers": {"minProperties": 1}},
            },
            "examples": [{"challenge_id": "c1f0", "answers": {"password": "…"}}],
        },
    )

    challenge_id: str = Field(min_length=1, max_length=256, description="From the challenge.")
    redirect_url: SecretAddress | None = Field(
        default=None, description="The whole address to which the broker sent the browser."
    )
    answers: dict[Annotated[str, Field(min_length=1, max_length=64)], SecretAnswer] = Field(
        default_factory=dict, max_length=4, description="A value for each of the challenge's `fields`."
    )

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if self.redirect_url is not None and self.answers:
            raise ValueError("give either redirect_url or answers, not both")
        return self
