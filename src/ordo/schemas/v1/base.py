"""The two ways through the door: a `View` shows a value of the inside, a `Command` becomes one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class View(BaseModel, Generic[T]):
    """What a caller is shown of a `T`. Its fields are read from the attributes of the same names, or of the
    aliases where the public name differs. A reader of v1 ignores fields that it does not know: more may be added.
    """

    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True, strict=True)

    @classmethod
    def of(cls, value: T) -> Self:
        """Show a value; raises pydantic's `ValidationError` where it does not fit, which is a bug."""
        return cls.model_validate(value)


class Asked(BaseModel):
    """What a caller sends. Types are exact: neither `true` nor `"1"` is a number. An unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Command(Asked, Generic[T]):
    """What a caller asks for: a `T` of the domain, with the same fields, and perhaps more beside them."""

    domain: ClassVar[type[Any]]
    names: ClassVar[tuple[str, ...]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:  # noqa: ANN401  (pydantic's own signature)
        for argument in cls.__pydantic_generic_metadata__["args"]:
            cls.domain = argument
            cls.names = tuple(field.name for field in fields(argument))

    def to_domain(self) -> T:
        """The command in the words of the domain, which checks it; raises the domain's own `Invalid`."""
        values = self.__dict__
        if len(values) > len(self.names):
            values = {name: values[name] for name in self.names}
        return cast("T", self.domain(**values))
