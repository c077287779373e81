"""`ordo init`: settings to begin with, and the keys that they name."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ordo.entrypoints.cli.exits import ExitCode
from ordo.entrypoints.cli.outcome import InputError, end
from ordo.schemas.config.settings import load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a broker's part of the file needs from its owner. `where`: who gives it."""

    name: str
    public: str
    secret: str
    where: str
    more: str = ""
    emulator: str = ""


_KINDS = {
    "fyers": _Kind(
        name="FYERS",
        public="client_id",
        secret="secret_key",  # noqa: S106  (the name of a setting)
        where="myapi.fyers.in, for an app of yours; the id ends in -100 or the like",
        more='# Register it for the app, letter for letter.\nredirect_uri = "http://127.0.0.1:8000/callback/fyers"\n',
        emulator="http://127.0.0.1:9001/api/v3",
    ),
    "hdfc": _Kind(
        name="HDFC Securities",
        public="api_key",
        secret="api_secret",  # noqa: S106  (likewise)
        where="developer.hdfcsec.com, for an app of yours",
        emulator="http://127.0.0.1:9002",
    ),
}

_HEAD = """\
# Ordo's settings. The environment stands above this file: ORDO_LOG__LEVEL=DEBUG is `level` under [log].
# Paths are seen from the folder in which `ordo` is started. docs/reference/settings.md lists all.

# The token of the API, and the keys that seal broker sessions (the first seals, all open). Keep the keys apart from
# back-ups of the database: whoever has both can read the brokers' tokens.
token_file = {token}
master_keys_file = {keys}

# Orders, sessions and settings that change: a SQLite file, or PostgreSQL (postgresql+asyncpg://user:password@host/ordo).
database_url = "sqlite+aiosqlite:///ordo.db"

[audit]
dir = "audit"

[limits]
# What no order may exceed. Take the # away.
# max_order_value = 100000
# max_daily_loss = 10000

# The built-in broker: real matching, invented money.
[brokers.paper]
enabled = true
"""

_BROKER = """
# {name}: id and secret come from {where}.
[brokers.{kind}]
enabled = {enabled}{reminder}
{public}
{secret}
{more}# For trying out: `python -m ordo_emulators {kind} --port {port}` needs no id and no secret.
# base_url = "{emulator}"
"""


def init(chosen: list[str] | None, *, as_json: bool) -> ExitCode:
    """Write the files, each with mode 0600; nothing where one of them is there already."""
    try:
        done = _begun(chosen, asks=not as_json and sys.stdin is not None and sys.stdin.isatty())
    except Exception as error:  # noqa: BLE001  (what is none of Ordo's own is raised again)
        return end(error, as_json=as_json)
    sys.stdout.write((json.dumps(done.document) if as_json else done.text) + "\n")
    return ExitCode.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    config: Path
    keys: Path
    token: Path
    brokers: tuple[str, ...]
    to_fill: tuple[str, ...]
    kept_key: Path | None

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do next, in order."""
        fill = tuple(f"fill in [brokers.{kind}] in {self.config}, and set enabled = true" for kind in self.to_fill)
        logins = tuple(f"ordo login {kind} ACCOUNT_ID" for kind in self.brokers if kind in _KINDS)
        return (*fill, "ordo serve", *(("ordo doctor",) if not logins else (*logins, "ordo doctor")))

    @property
    def document(self) -> dict[str, object]:
        return {
            "config": str(self.config),
            "keys": str(self.keys),
            "token": str(self.token),
            "brokers": list(self.brokers),
            "to_fill": list(self.to_fill),
            "next": list(self.steps),
        }

    @property
    def text(self) -> str:
        kept = "" if self.kept_key is None else f"\nThe key of {self.kept_key} opens what it has sealed, as before."
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(self.steps, start=1))
        return (
            f"Wrote {self.config}, {self.keys} and {self.token}, which only you can read.{kept}\n"
            f"Next:\n{steps}\n"
            f"The commands read the token themselves. For curl: export ORDO_TOKEN=$(cat {self.token})"
        )


def _begun(chosen: list[str] | None, *, asks: bool) -> _Begun:
    config = Path(os.environ.get("ORDO_CONFIG") or "ordo.toml")
    keys, token = config.with_name("ordo.keys"), config.with_name("ordo.token")
    there = [str(path) for path in (config, keys, token) if path.exists()]
    if there:
        raise InputError(f"Already here: {', '.join(there)}. Nothing is overwritten, and nothing was written.")
    kinds = _known(_asked_kinds() if chosen is None and asks else chosen or [])
    given = {kind: _asked_app(_KINDS[kind]) for kind in kinds if kind in _KINDS and chosen is None and asks}
    kept = _kept_key()
    sealing = [secrets.token_urlsafe(32), *([] if kept is None else [kept.read_text(encoding="ascii").strip()])]
    text = _HEAD.format(token=_quoted(str(token)), keys=_quoted(str(keys)))
    text += "".join(_section(kind, given.get(kind)) for kind in kinds if kind in _KINDS)
    _write_all({keys: ",".join(sealing) + "\n", token: secrets.token_urlsafe(32) + "\n", config: text})
    return _Begun(
        config=config,
        keys=keys,
        token=token,
        brokers=("paper", *(kind for kind in kinds if kind != "paper")),
        to_fill=tuple(kind for kind in kinds if kind in _KINDS and given.get(kind) is None),
        kept_key=kept,
    )


def _known(kinds: list[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(part.strip().lower() for kind in kinds for part in kind.split(",") if part.strip()))
    strange = [kind for kind in named if kind not in {"paper", *_KINDS}]
    if strange:
        raise InputError(
            f"--broker must be some of paper, {', '.join(_KINDS)}, not {', '.join(strange)}. Nothing was written."
        )
    return named


def _kept_key() -> Path | None:
    """The key of an installation that went without settings so far: its sessions must still open."""
    environment = {name: value for name, value in os.environ.items() if name != "ORDO_CONFIG"}
    database = load_settings(environment).database_path
    path = database.with_name(database.name + ".key")
    return path if path.exists() else None


def _section(kind: str, app: tuple[str, str] | None) -> str:
    told = _KINDS[kind]
    public, secret = app or ("", "")
    return _BROKER.format(
        name=told.name,
        where=told.where,
        kind=kind,
        enabled="false" if app is None else "true",
        reminder="" if app is not None else f"  # true, once {told.public} and {told.secret} are there",
        public=f'# {told.public} = ""' if app is None else f"{told.public} = {_quoted(public)}",
        secret=f'# {told.secret} = ""' if app is None else f"{told.secret} = {_quoted(secret)}",
        more=told.more,
        port=told.emulator.split(":")[2].partition("/")[0],
        emulator=told.emulator,
    )


def _quoted(text: str) -> str:
    # A text of JSON is one of TOML, as long as nothing stands in it that JSON would write as two surrogates.
    return json.dumps(text, ensure_ascii=False)


def _asked_kinds() -> list[str]:
    return _line(
        f"Which brokers besides paper? {', '.join(_KINDS)}, both by a comma, or Enter for none: ", input
    ).split(",")


def _asked_app(kind: _Kind) -> tuple[str, str] | None:
    """Id and secret of an app, or `None` where they are to be filled in later."""
    public = _line(f"{kind.name} {kind.public} (from {kind.where}; Enter to fill it in later): ", input)
    if not public:
        return None
    secret = _line(f"{kind.name} {kind.secret} (not shown): ", lambda prompt: getpass.getpass(prompt, sys.stderr))
    return (public, secret) if secret else None


def _line(prompt: str, ask: Callable[[str], str]) -> str:
    try:
        answer = ask(prompt).strip()
    except EOFError:
        return ""
    if not answer.isprintable():
        raise InputError("That holds characters that can't be printed. Nothing was written.")
    return answer


def _write_all(files: dict[Path, str]) -> None:
    written: list[Path] = []
    try:
        for path, text in files.items():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            written.append(path)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise InputError(f"{error.filename} can't be written ({error.strerror}). Nothing was written.") from None
