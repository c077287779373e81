"""`ordo serve`: the HTTP API on a socket."""

from __future__ import annotations

import asyncio
import errno
import gc
import ipaddress
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import uvicorn

from ordo.client.announcement import Announcement, announce, beside, withdraw
from ordo.container.logs import set_up_logs
from ordo.entrypoints.cli.crew import Crew
from ordo.entrypoints.cli.in_process import application
from ordo.entrypoints.cli.listening import protocol, tls
from ordo.entrypoints.cli.outcome import ExitCode, InputError, NotServed, end
from ordo.schemas.config.settings import Settings, load_settings

_GRACE_SECONDS = 15
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_EXAMPLE = '{"instrument":"NSE:SBIN","side":"BUY","quantity":1,"order_type":"LIMIT","product":"CNC","price":"800.00"}'


def serve(*, host: str, port: int, workers: int, as_json: bool) -> ExitCode:
    """Serve until told to stop; writes under way are carried to their end before the process leaves."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _serve(host, port, workers, as_json=as_json)
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ExitCode.OK


def _leave(_: int, __: FrameType | None) -> NoReturn:
    # uvicorn stops gracefully, and then raises the signal again for the handler that it found: this one.
    raise SystemExit(ExitCode.OK)


def _serve(host: str, port: int, workers: int, *, as_json: bool) -> None:
    settings = load_settings()
    if workers > 1 and not settings.shares_state:
        raise InputError(_alone(workers, settings))
    set_up_logs(settings)
    made = None
    if settings.token is None:
        if not _is_loopback(host):
            raise InputError(
                f"Ordo does not listen on {host} without a token of yours: everybody who can reach this machine could"
                " place orders. Set ORDO_TOKEN to a long random text, or leave --host at 127.0.0.1."
            )
        made = secrets.token_urlsafe(32)
    secured = tls(settings.http)
    path = beside(settings.database_path)
    listener = _listen(host, port)
    url = _url(listener, secure=bool(secured))

    def ready() -> None:
        try:
            announce(path, Announcement(url=url, pid=os.getpid(), token=made))
        except OSError as error:
            sys.stderr.write(f"{path} can't be written ({error.strerror}): give the other commands --url {url}.\n")
        _say(url, made, as_json=as_json)

    given = {} if made is None else {"ORDO_TOKEN": made}
    try:
        if workers > 1:
            _serve_together(settings, workers, listener, given, ready)
        else:
            _serve_alone(settings, listener, given, ready)
    finally:
        withdraw(path)
        listener.close()


def _alone(workers: int, settings: Settings) -> str:
    lacking = [
        *([] if settings.is_on_a_server else ["ORDO_DATABASE_URL is a SQLite file, which has one writer"]),
        *([] if settings.redis_url is not None else ["ORDO_REDIS_URL is not set, so each would count for itself"]),
    ]
    return (
        f"--workers {workers} is not possible: several processes need PostgreSQL and Redis to share their state, and"
        f" {'; '.join(lacking)}. Set both, or leave --workers out."
    )


def _serve_alone(settings: Settings, listener: socket.socket, given: dict[str, str], ready: Callable[[], None]) -> None:
    # Until the house stands, nothing that is made is garbage. The application looks after it from then on.
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_told(settings, listener, given, ready))
    finally:
        # What is left goes with the process: to look for garbage among a day's orders once more would take seconds.
        gc.freeze()
        gc.enable()


def _serve_together(
    settings: Settings, workers: int, listener: socket.socket, given: dict[str, str], ready: Callable[[], None]
) -> None:
    def work(said: Callable[[], None]) -> ExitCode:
        def heard() -> None:
            loop = asyncio.get_running_loop()

            def stop() -> None:
                loop.remove_reader(crew.lifeline)
                os.kill(os.getpid(), signal.SIGTERM)

            loop.add_reader(crew.lifeline, stop)
            said()

        try:
            _serve_alone(settings, listener, given, heard)
        except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
            return end(error, as_json=False)  # The one document is the crew's.
        return ExitCode.OK

    crew = Crew(workers, work)
    with _counted_together():
        crew.serve(ready)


@contextmanager
def _counted_together() -> Iterator[None]:
    """A folder where every worker counts, so that each can tell the metrics of all. It must be named before the first
    of them loads what measures.
    """
    if os.environ.get(_METRICS):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ordo-metrics-") as folder:
        os.environ[_METRICS] = folder
        try:
            yield
        finally:
            del os.environ[_METRICS]


async def _until_told(
    settings: Settings, listener: socket.socket, environment: dict[str, str], ready: Callable[[], None]
) -> None:
    async with application(**environment) as app:
        config = uvicorn.Config(
            app,
            http=protocol(settings.http),
            **tls(settings.http),
            ws="none",
            lifespan="off",
            server_header=False,
            access_log=False,
            log_config=None,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        await _Server(config, ready).serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise NotServed(
                f"Port {port} on {host} is in use: another program, or another `ordo serve`, listens there. Stop it, or"
                " choose another with --port."
            ) from None
        raise InputError(f"Ordo can't listen on {host} port {port}: {error.strerror}.") from None


def _is_loopback(host: str) -> bool:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def _url(listener: socket.socket, *, secure: bool) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (what others call this machine, it can't know)
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _hint() -> str:
    """The line for curl below takes the token out of the shell's environment."""
    return "" if "ORDO_TOKEN" in os.environ else "; the commands read it, and for curl: export ORDO_TOKEN=..."


def _say(url: str, token: str | None, *, as_json: bool) -> None:
    if as_json:
        text = json.dumps({"url": url, "docs": f"{url}/schema", "token": token, "pid": os.getpid()})
    else:
        bearer = token or "$ORDO_TOKEN"
        text = "\n".join(
            (
                f"Ordo serves {url}",
                f"  docs   {url}/schema",
                f"  token  {token}   (made for this run; set ORDO_TOKEN to choose one)"
                if token
                else f"  token  the one that you set{_hint()}",
                "  try    an order at the paper broker; sent twice, it is placed once:",
                "",
                f"curl -i {url}/api/v1/accounts/paper/DEMO/orders \\",
                f"  -H 'Authorization: Bearer {bearer}' \\" if token else f'  -H "Authorization: Bearer {bearer}" \\',
                "  -H 'Idempotency-Key: my-first-order' \\",
                "  -H 'Content-Type: application/json' \\",
                f"  -d '{_EXAMPLE}'",
                "",
            )
        )
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
