"""The part of JSON Schema that settings are described with, and what is wrong with a value. It reads no file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isclose
from typing import Annotated, Any, Literal, TypeVar, Union

from pydantic import AliasGenerator, BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator
from pydantic.alias_generators import to_camel

T = TypeVar("T")

Kind = Literal["string", "number", "integer", "boolean", "array", "object", "null"]

OneOrMany = Annotated[
    Union[Annotated[T, Tag("(one)")], Annotated[list[T], Tag("(many)")]],  # noqa: UP007  a TypeVar needs it
    Discriminator(lambda value: "(many)" if isinstance(value, list) else "(one)"),
]
"""One of a kind or a list of them; a mistake is told of the form that was written."""


class Part(BaseModel):
    """A table of a manifest: unknown keys are refused, nothing is converted, JSON has it in camelCase."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        alias_generator=AliasGenerator(serialization_alias=to_camel),
    )


class Schema(Part):
    """The rules of one value, as in VS Code's `contributes.configuration`, in snake_case."""

    type: OneOrMany[Kind] | None = None
    default: Any = None
    title: str | None = None
    description: str | None = None
    markdown_description: str | None = None
    deprecation_message: str | None = None
    markdown_deprecation_message: str | None = None
    enum: list[Any] | None = Field(None, min_length=1)
    enum_descriptions: list[str] | None = None
    markdown_enum_descriptions: list[str] | None = None
    enum_item_labels: list[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    multiple_of: float | None = Field(None, gt=0)
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_error_message: str | None = None
    format: str | None = None
    items: Schema | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    properties: dict[str, Schema] = {}
    additional_properties: bool | Schema = True
    required: list[str] = []

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"is no regular expression ({error}); correct it") from None
        return pattern

    @property
    def kinds(self) -> list[Kind]:
        """The types that a value may have; none named is all."""
        if self.type is None:
            return []
        return self.type if isinstance(self.type, list) else [self.type]


def empty_value(schema: Schema) -> Any:
    """What a setting without a default is: the empty value of its first type, as in VS Code."""
    empty: dict[str, Any] = {"boolean": False, "integer": 0, "number": 0, "string": "", "array": [], "object": {}}
    return empty.get(schema.kinds[0]) if schema.kinds else None


def mistake(value: object, schema: Schema) -> str | None:
    """The first rule of `schema` that a JSON value breaks, as words to follow the value's name; None if it is fine."""
    return next(_mistakes(value, schema), None)


def _mistakes(value: object, schema: Schema) -> Iterator[str]:
    if schema.kinds and not any(_is(value, kind) for kind in schema.kinds):
        yield f"must be of type {' or '.join(schema.kinds)}"
    if schema.enum is not None and not any(_same(value, one) for one in schema.enum):
        yield f"must be one of {', '.join(repr(one) for one in schema.enum[:20])}"
    match value:
        case bool() | None:
            return
        case int() | float():
            yield from _of_number(value, schema)
        case str():
            yield from _of_text(value, schema)
        case list():
            yield from _of_array(value, schema)
        case dict():
            yield from _of_object(value, schema)


def _is(value: object, kind: Kind) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _is(value, "number") and value == int(value)  # type: ignore[call-overload]
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)


def _same(one: object, other: object) -> bool:
    """Equal as JSON: unlike in Python, true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _of_number(value: float, schema: Schema) -> Iterator[str]:
    if schema.minimum is not None and value < schema.minimum:
        yield f"must be at least {schema.minimum:g}"
    if schema.maximum is not None and value > schema.maximum:
        yield f"must be at most {schema.maximum:g}"
    if schema.exclusive_minimum is not None and value <= schema.exclusive_minimum:
        yield f"must be more than {schema.exclusive_minimum:g}"
    if schema.exclusive_maximum is not None and value >= schema.exclusive_maximum:
        yield f"must be less than {schema.exclusive_maximum:g}"
    if schema.multiple_of is not None and not isclose(value / schema.multiple_of, round(value / schema.multiple_of)):
        yield f"must be a multiple of {schema.multiple_of:g}"


def _of_text(value: str, schema: Schema) -> Iterator[str]:
    if schema.min_length is not None and len(value) < schema.min_length:
        yield f"must have at least {schema.min_length} characters"
    if schema.max_length is not None and len(value) > schema.max_length:
        yield f"must have at most {schema.max_length} characters"
    if schema.pattern is not None and not re.search(schema.pattern, value):
        yield schema.pattern_error_message or f"must match {schema.pattern}"


def _of_array(value: list[object], schema: Schema) -> Iterator[str]:
    if schema.min_items is not None and len(value) < schema.min_items:
        yield f"must have at least {schema.min_items} items"
    if schema.max_items is not None and len(value) > schema.max_items:
        yield f"must have at most {schema.max_items} items"
    if schema.unique_items and any(_same(one, two) for i, one in enumerate(value) for two in value[:i]):
        yield "must not have the same item twice"
    if schema.items is not None:
        for index, item in enumerate(value):
            yield from (f"[{index}] {rule}" for rule in _mistakes(item, schema.items))


def _of_object(value: dict[str, object], schema: Schema) -> Iterator[str]:
    yield from (f"must have '{name}'" for name in schema.required if name not in value)
    for name, inner in value.items():
        rules = schema.properties.get(name, schema.additional_properties)
        if isinstance(rules, Schema):
            yield from (f"'{name}' {rule}" for rule in _mistakes(inner, rules))
        elif not rules:
            yield f"must not have '{name}'"
