"""`python -m ordo_emulators {fyers,hdfc} --port N [--seed S]`: an emulated broker on loopback.

Prints one line of JSON with `base_url`, `data_url` and `master_url` when it is ready, and serves until SIGTERM or
SIGINT. A broker is a package here whose module `emulator` has `create(seed=…, rows=…, cash=…)`.
"""

import argparse
import asyncio
import importlib
import json
import signal
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ordo_emulators.control import Controlled, Refused, controlled
from ordo_emulators.server import serve

BROKERS: Final = ("fyers", "hdfc")
PORT_TAKEN: Final = 1
UNAVAILABLE: Final = 2
"""Also argparse's own exit code for arguments that are wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        emulator: Controlled = importlib.import_module(f"ordo_emulators.{options.broker}.emulator").create(
            seed=options.seed, rows=options.rows, cash=options.cash
        )
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("ordo_emulators."):
            raise
        print(f"There is no emulator of {options.broker} in this installation.", file=sys.stderr)  # noqa: T201
        return UNAVAILABLE
    try:
        emulator.change_settings(dict(options.set))
        asyncio.run(_serve(emulator, options.port))
    except Refused as refusal:
        print(f"--set: {refusal}", file=sys.stderr)  # noqa: T201
        return UNAVAILABLE
    except OSError as error:
        print(f"Port {options.port} can't be served: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        return PORT_TAKEN
    return 0


async def _serve(emulator: Controlled, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(controlled(emulator), port=port) as origin:
        print(json.dumps(dict(emulator.urls(origin))), flush=True)  # noqa: T201
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ordo_emulators", description="An emulated broker on loopback.")
    parser.add_argument("broker", choices=BROKERS)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="shapes the first prices (default 0)")
    parser.add_argument("--rows", type=int, default=0, help="list at least so many instruments")
    parser.add_argument("--cash", type=Decimal, default=Decimal(100_000_000), help="rupees in the account")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting as under /_emulator/settings, such as rate_limits=false; may be repeated",
    )
    return parser


def _setting(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
