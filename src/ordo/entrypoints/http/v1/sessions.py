"""Logging in, staying in, logging out."""

from __future__ import annotations

from litestar import Router, delete, get, post
from litestar.params import RequestBody

from ordo.application.gateway import Gateway
from ordo.domain import sessions as domain
from ordo.domain.errors import ErrorCode
from ordo.entrypoints.http import answers
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.contract import ACCOUNT, BODY, BROKER, STORE, Answer, contract
from ordo.entrypoints.http.reading import Call, account, context, reads
from ordo.schemas.v1.sessions import LoginAnswer, LoginChallenge, Session

_LOGIN = (
    *ACCOUNT,
    *STORE,
    *BROKER,
    ErrorCode.INVALID_CREDENTIALS,
    ErrorCode.INVALID_OTP,
    ErrorCode.BROKER_TIMEOUT,
)
_OPENED = Answer(meaning="The session is open.", view=Session)


def routes(gateway: Gateway) -> Router:
    sessions = gateway.sessions

    @get(
        "/",
        operation_id="listSessions",
        summary="Every session that the gateway knows",
        description="By account. No answer ever holds a token.",
        opt=contract(answers={200: Answer(meaning="The sessions.", view=Session, many=True)}, raises=STORE),
    )
    async def list_sessions(request: Call) -> Reply:
        caller = context(request)
        return answers.many(Session, (found for found in await sessions.all() if caller.covers(found.account)))

    @get(
        "/{adapter_id:str}/{account_id:str}",
        operation_id="getSession",
        summary="One account's session",
        description="Its state, until when it holds, and what to do. An account that never logged in has state `NONE`.",
        opt=contract(answers={200: Answer(meaning="The session.", view=Session)}, raises=(*ACCOUNT, *STORE)),
    )
    async def get_session(request: Call) -> Reply:
        return answers.one(Session.of(await sessions.get(account(request))))

    @post(
        "/{adapter_id:str}/{account_id:str}/login",
        status_code=200,
        operation_id="beginLogin",
        summary="Start a login",
        description=(
            "Gives the first challenge. Its `kind` is `none` where the broker asks for nothing: the session is then"
            " open already, and an answer without fields only shows it. Takes no body."
        ),
        opt=contract(answers={200: Answer(meaning="The first challenge.", view=LoginChallenge)}, raises=_LOGIN),
    )
    async def login(request: Call) -> Reply:
        return answers.one(LoginChallenge.of(await sessions.begin(account(request), context(request))))

    @post(
        "/{adapter_id:str}/{account_id:str}/login/answer",
        operation_id="answerLogin",
        summary="Answer a login challenge",
        description=(
            "Give `redirect_url`, the whole address to which the broker sent the browser, or `answers` to its `fields`."
            " 202 is the next challenge. Each may be answered once; again only after `INVALID_OTP`, for as long as the"
            " broker allows, and where the broker could not be reached at all. What is sent is used for this one call,"
            " and neither kept nor logged."
        ),
        opt=reads(LoginAnswer)
        | contract(
            answers={201: _OPENED, 202: Answer(meaning="The next challenge.", view=LoginChallenge)},
            raises=(*_LOGIN, *BODY),
        ),
    )
    async def answer(request: Call, data: RequestBody[LoginAnswer]) -> Reply:
        owner = account(request)
        step = await sessions.answer(owner, data.to_domain(), context(request))
        if isinstance(step, domain.LoginChallenge):
            return answers.one(LoginChallenge.of(step), status=202)
        return answers.one(Session.of(await sessions.get(owner)), status=201)

    @delete(
        "/{adapter_id:str}/{account_id:str}",
        status_code=204,
        operation_id="endSession",
        summary="Log out",
        description="At the broker where it offers that, and here. Having no session is success.",
        opt=contract(
            answers={204: Answer(meaning="There is no session any more.")},
            raises=(*ACCOUNT, *STORE, *BROKER, ErrorCode.BROKER_TIMEOUT),
        ),
    )
    async def end(request: Call) -> None:
        await sessions.end(account(request), context(request))

    return Router("/sessions", route_handlers=[list_sessions, get_session, login, answer, end], tags=["Sessions"])
