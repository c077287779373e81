"""The operator's log: lines on standard error, readable or JSON, from Ordo and its libraries alike."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog
from structlog.typing import Processor

from ordo.adapters.telemetry.redaction import redacting


def _json(event: object, default: object = None, **_: object) -> str:  # noqa: ARG001  (structlog's signature)
    return orjson.dumps(event, default=str).decode()


def configure_logs(*, level: str, json_lines: bool) -> None:
    """Send the standard library's logging through one redacting formatter. Idempotent.

    Raised to `WARNING` are libraries that would log every address they call.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_json)
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacting, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "alembic", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
