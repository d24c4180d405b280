"""The base of the API's plain values. It is no dataclass: that costs 0.4 ms and 8 KiB each, and there are ninety."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from inspect import get_annotations
from typing import Any, ClassVar, Generic, Never, TypeVar, cast, dataclass_transform, overload

from sessions.errors import InvalidValue

T = TypeVar("T")
V = TypeVar("V", bound="Value")

_AFTER_BREAK = re.compile("_(.)")


class _Factory:
    """A default that each value makes for itself."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], T]) -> T:
    """The default of an attribute that is made anew for each value, such as an empty list."""
    return cast(T, _Factory(default_factory))


class Value:
    """Attributes with names, kept as they are given; as in VS Code one may put further ones on it.

    `check` may be overridden to refuse, by `InvalidValue`, what is not allowed.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = self._fields
        if len(args) == len(fields) and not kwargs:  # most of those that are made for every edit
            self.__dict__.update(zip(fields, args, strict=True))
            self.check()
            return
        given = dict(zip(fields, args, strict=False))
        if len(args) > len(fields) or given.keys() & kwargs or kwargs.keys() - set(fields):
            raise TypeError(f"{type(self).__name__} takes, each at most once: {', '.join(fields)}")
        given |= kwargs
        for name in fields:
            if name not in given:
                self._take_default(name, given)
        self.__dict__.update(given)
        self.check()

    def _take_default(self, name: str, given: dict[str, Any]) -> None:
        if not hasattr(type(self), name):
            raise TypeError(f"{type(self).__name__} needs {name}")
        default = getattr(type(self), name)
        if isinstance(default, _Factory):
            given[name] = default.make()

    def check(self) -> None:
        """Called once all attributes are there."""

    def to_json(self) -> dict[str, Any]:
        """The attributes that are set, spelled as VS Code spells its properties; values inside are left as they are."""
        own = ((name, getattr(self, name)) for name in self._fields)
        return {camel_case(name): value for name, value in own if value is not None}

    def __repr__(self) -> str:
        own = ((name, getattr(self, name, None)) for name in self._fields)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in own if value is not None)})"


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def value(kind: type[V]) -> type[V]:
    """Make the annotations of a class its attributes: arguments of its constructor, in their order or by name."""
    own = (name for name, text in get_annotations(kind).items() if not str(text).startswith("ClassVar"))
    kind._fields = tuple(dict.fromkeys((*kind._fields, *own)))
    return kind


@dataclass_transform(eq_default=True, frozen_default=True, field_specifiers=(field,))
def readonly(kind: type[V]) -> type[V]:
    """A `value` that VS Code has `readonly`: assigning raises AttributeError; equal attributes make equal ones."""
    for name, method in (("__setattr__", refuse), ("__delattr__", refuse), ("__eq__", _equal), ("__hash__", _hash)):
        setattr(kind, name, method)
    return value(kind)


class ReadOnly(Generic[T]):
    """An attribute that VS Code has `readonly`: whose it is keeps it under its name with a `_` before.

    `Never` lets the types tell of our own assignments, too.
    """

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, one: None, owner: type[object]) -> ReadOnly[T]: ...

    @overload
    def __get__(self, one: object, owner: type[object]) -> T: ...

    def __get__(self, one: object | None, owner: type[object]) -> ReadOnly[T] | T:
        return self if one is None else cast(T, getattr(one, f"_{self._name}"))

    def __set__(self, one: object, value: Never) -> None:
        raise AttributeError(f"{self._name} of {type(one).__name__} is read-only")


def as_text(given: object, field: str) -> str:
    """`given` if it is a string, the empty string for None; raises `InvalidValue`, naming `field`, of all else."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidValue(field, f"must be a string, not {type(given).__name__}")
    return given


@lru_cache(maxsize=1_024)  # names of attributes: the same ones for everybody, thousands of times in a list
def camel_case(name: str) -> str:
    """`is_preferred` as VS Code writes it: `isPreferred`."""
    return _AFTER_BREAK.sub(lambda found: found[1].upper(), name.rstrip("_"))


def refuse(self: Value, name: str, *_: object) -> None:
    """What assigning to a read-only value does: raise AttributeError."""
    raise AttributeError(f"{name} of {type(self).__name__} is read-only: make a new one")


def _attributes(of: Value) -> tuple[object, ...]:
    return tuple(getattr(of, name) for name in of._fields)


def _equal(self: Value, other: Value) -> bool:
    return type(other) is type(self) and _attributes(self) == _attributes(other)


def _hash(self: Value) -> int:
    return hash(_attributes(self))
