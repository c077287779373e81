"""Which files hold the secrets of the settings."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ordo.schemas.config.settings import PREFIX

_SECRET = re.compile(r"(^|\.)(token|master_keys|secret_key|api_key|api_secret)=.|_url=[^=]*://[^/]*:[^/]*@")


def secret_files(environment: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """The files that secrets are read from and that are there: those that a `_FILE` names, and the settings file
    itself where a secret stands in it.
    """
    environment = os.environ if environment is None else environment
    config = Path(environment.get("ORDO_CONFIG") or "ordo.toml")
    try:
        settings = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        settings = {}
    plain = dict(_leaves(settings))
    named = [Path(value) for key, value in plain.items() if key.endswith("_file")]
    named += [Path(value) for name, value in environment.items() if name.startswith(PREFIX) and name.endswith("_FILE")]
    if any(_SECRET.search(f"{key}={value}") for key, value in plain.items()):
        named.append(config)
    return tuple(dict.fromkeys(path for path in named if path.is_file()))


def _leaves(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
