"""The operator's log. Only a program of Ordo's own sets it up: whoever embeds a gateway has a log already."""

from __future__ import annotations

from ordo.adapters.telemetry.logs import configure_logs
from ordo.schemas.config.settings import Settings


def set_up_logs(settings: Settings) -> None:
    """Send all log lines to standard error, redacted, as the settings say."""
    configure_logs(level=settings.log.level, json_lines=settings.log.json_lines)
