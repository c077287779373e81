"""The login's endpoints. Their answers are bare objects in camel case; none has a `status`."""

from urllib.parse import urlencode

from ordo_emulators.hdfc.answers import empty
from ordo_emulators.hdfc.desk import Call, Desk
from ordo_emulators.server import Response, json_response


def start(desk: Desk, call: Call) -> Response:
    """A new attempt; or, for a browser, HDFC's own page, which knows its user, takes the consent and redirects at once.

    How the one address tells a browser from a program is not documented: by `Accept` is a guess.
    """
    if "text/html" not in call.request.headers.get("accept", ""):
        return json_response(desk.logins.start())
    settings = desk.settings
    query = urlencode({settings.callback_name.value: desk.logins.grant(desk.exchange.clock())})
    joint = "&" if "?" in settings.callback_url else "?"
    location = f"{settings.callback_url}{joint}{query}"
    return Response(status=302, content_type="text/html", headers={"Location": location})


def password(desk: Desk, call: Call) -> Response:
    now = desk.exchange.clock()
    return json_response(desk.logins.check_password(_token_id(call), call.fields, now, desk.settings))


def resend(desk: Desk, call: Call) -> Response:
    """What it answers is not documented: nothing at all is a guess."""
    desk.logins.resend(_token_id(call), desk.exchange.clock())
    return empty(200)


def otp(desk: Desk, call: Call) -> Response:
    now = desk.exchange.clock()
    return json_response(desk.logins.check_otp(_token_id(call), call.fields, now, desk.settings))


def authorise(desk: Desk, call: Call) -> Response:
    query, now = call.request.query, desk.exchange.clock()
    consent, request_token = query.get("consent", ""), query.get("request_token", "")
    return json_response(desk.logins.authorise(_token_id(call), request_token, consent, now, desk.settings))


def access_token(desk: Desk, call: Call) -> Response:
    now, request_token = desk.exchange.clock(), call.request.query.get("request_token", "")
    return json_response(desk.logins.exchange(request_token, call.fields, now, desk.settings))


def _token_id(call: Call) -> str:
    return call.request.query.get("token_id", "")
