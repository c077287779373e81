"""The settings as a page, from their models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from ordo.schemas.config import kinds
from ordo.schemas.config.settings import NOT_SETTINGS, PREFIX, Settings

_HEAD: Final = """\
# Settings

From the environment first, then from the TOML file that `ORDO_CONFIG` names (`ordo.toml` by default); `__` nests. An
unknown name is an error that names it, and so is a value out of range. Every value may also be read from a file, which
suits secrets: `ORDO_TOKEN_FILE`, or `token_file` in the TOML file, names a file with the token. Nothing needs to be set
to trade on paper. `ordo init` writes a commented file to begin with, with keys and a token.

This page is made from the models of the settings; a test holds the two together.

The same two settings in a file:

```toml
[limits]
max_order_value = 50000

[idempotency]
pursue_seconds = 5
```

and in the environment:

```sh
export ORDO_LIMITS__MAX_ORDER_VALUE=50000
export ORDO_IDEMPOTENCY__PURSUE_SECONDS=5
```

"""
# The house's own; what somebody has installed beside it is not in the page.
KINDS: Final = {point.name: kinds.kind_named(point.name).config for point in kinds._OWN}
_COLUMNS: Final = "| Variable | Type | Default | Meaning |\n| --- | --- | --- | --- |"
_WORDS: Final = {
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "number": "number",
    "array": "comma-separated",
}
_WORD_LIST: Final = re.compile(r"\^\((\w+(?:\|\w+)+)\)\$")
_FORMATS: Final = {"password": "secret", "path": "path", "time": "time of day"}


def page() -> str:
    """The page as Markdown."""
    return _HEAD + "\n".join((*_plain(), *_parts(), *_brokers(), *_others()))


def names() -> Iterator[str]:
    """Every variable of the page."""
    yield from (name for name, _ in _variables(Settings, PREFIX))
    for kind, model in KINDS.items():
        yield from (name for name, _ in _variables(model, f"{PREFIX}BROKERS__{kind.upper()}__"))


def defaults() -> dict[str, str]:
    """The default of every variable of a gateway that has one, as somebody would write it."""
    shown = {name: _default(field) for name, field in _variables(Settings, PREFIX)}
    return {name: default.strip("`") for name, default in shown.items() if default.startswith("`")}


def _plain() -> Iterator[str]:
    yield "## The gateway\n"
    yield _COLUMNS
    yield from (_row(name, field) for name, field in _fields(Settings, PREFIX) if not _part(Settings, name, PREFIX))
    yield ""


def _parts() -> Iterator[str]:
    for field, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield f"## {field.replace('_', ' ')}\n"
            yield f"{_about(info.annotation)}\n"
            yield _COLUMNS
            yield from (_row(name, told) for name, told in _variables(info.annotation, f"{PREFIX}{field.upper()}__"))
            yield ""


def _brokers() -> Iterator[str]:
    yield "## Brokers\n"
    yield (
        "`ORDO_BROKERS__<NAME>__…` configures the broker that accounts call `<name>/…`. The paper broker is there"
        " unless it is disabled; each other appears with its first setting. A second app of a broker is a second name:"
        " `ORDO_BROKERS__MINE__KIND=fyers`.\n"
    )
    for kind, model in KINDS.items():
        yield f"### {kind}\n"
        yield f"{_about(model)}\n"
        yield _COLUMNS
        yield from (_row(name, told) for name, told in _variables(model, f"{PREFIX}BROKERS__{kind.upper()}__"))
        yield ""


def _others() -> Iterator[str]:
    yield "## Beside the settings\n"
    yield "| Variable | Meaning |\n| --- | --- |"
    yield from (f"| `{name}` | {meaning} |" for name, meaning in NOT_SETTINGS.items())
    yield ""


def _about(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _part(model: type[BaseModel], name: str, prefix: str) -> bool:
    annotation = model.model_fields[name.removeprefix(prefix).lower()].annotation
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        if model is not Settings or name != "brokers":
            yield f"{prefix}{name.upper()}", _resolved(field, schema)


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings of a model and of the models in it, by the names of their variables."""
    for name, field in _fields(model, prefix):
        if _part(model, name, prefix):
            annotation: Any = model.model_fields[name.removeprefix(prefix).lower()].annotation
            yield from _variables(annotation, f"{name}__")
        else:
            yield name, field


def _resolved(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A field with what it refers to in place, and without its `null`."""
    choices = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    merged = {**(choices[0] if choices else {}), **{key: told for key, told in field.items() if key != "anyOf"}}
    if "$ref" in merged:
        merged = {**schema["$defs"][merged["$ref"].rpartition("/")[2]], **merged}
    return merged


def _row(name: str, field: dict[str, Any]) -> str:
    meaning = field["description"].replace("|", "\\|")
    return f"| `{name}` | {_type(field)} | {_default(field)} | {meaning} |"


def _type(field: dict[str, Any]) -> str:
    words = _WORD_LIST.fullmatch(field.get("pattern", ""))
    choices = [field["const"]] if "const" in field else field.get("enum", words[1].split("|") if words else ())
    if choices:
        return " or ".join(f"`{choice}`" for choice in choices)
    if field.get("type") == "object":
        return "a table in the file"
    kind = _FORMATS.get(field.get("format", "")) or _WORDS.get(field.get("type", ""), "text")
    return kind + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}" if isinstance(low, float) else f", {low} to {high}"
    words = [f"above {field['exclusiveMinimum']:g}"] if "exclusiveMinimum" in field else []
    words += [f"at least {low}"] if low is not None else []
    words += [f"at most {high:g}" if isinstance(high, float) else f"at most {high}"] if high is not None else []
    return "".join(f", {word}" for word in words)


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default is None or default in ("", [], {}) or field.get("format") == "password":
        return "none"
    if isinstance(default, bool):
        return f"`{json.dumps(default)}`"
    if isinstance(default, list):
        return f"`{','.join(default)}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
