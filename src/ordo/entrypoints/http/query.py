"""A parameter that nobody reads is a mistake that nobody would notice."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ordo.domain.errors import ErrorCode, FieldFault, Invalid


def refuse_unread(query: bytes) -> None:
    """Refuse the query parameters of a route that takes none; raises `Invalid` (`VALIDATION_ERROR`). A route that takes
    some refuses the others itself.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    names = sorted({name for name, _ in pairs}) or ["query"]
    told = ", ".join(names)[:100]
    raise Invalid(
        ErrorCode.VALIDATION_ERROR,
        f"Nothing was done: this address takes no query parameters, and {told} was given.",
        fields=tuple(FieldFault(field=name, message="is not a parameter here") for name in names),
    )
