"""Settings in words: what is wrong with one, and the table of all of them. It reads no setting."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from host.fields import UNITS, Kind, Size
from host.layers import dotted, inside

Loc = tuple[int | str, ...]

HEAD = """# Configuration

Each key stands in a YAML file (`--config FILE`), where `${NAME}` and `${NAME:-default}` are variables and `$${` is a
plain `${`, and each can be set by a variable: `server.port` is `ROOST_SERVER__PORT`. `MULTI_USER`, `ROOST_DATA`,
`ROOST_PORT` and `ROOST_WORKSPACE` are short for `multi_user`, `data`, `server.port` and `workspace`. A flag wins over a
variable, a variable over the file; an empty variable counts as not set. A size is bytes or text such as `10GiB`, a list
in a variable is `a,b` or `["a", "b"]`, and a relative path begins at the folder that the host was started in.

```yaml
multi_user: true
data: /var/lib/roost
server:
  port: 3000
  allowed_hosts: [code.example.org]
  trusted_proxies: [127.0.0.1]
auth:
  jwt: {algorithm: HS256, secret: "${JWT_SECRET}"}
ai_providers:
  anthropic: {api_key: "${ANTHROPIC_API_KEY:-}"}
users:
  alice:
    quotas: {bytes: 50GiB}
```

| key | type | default | |
|---|---|---|---|
"""


class Rule(ValueError):
    """A rule between the keys of one table; `key` is the one that breaks it."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One `key: rule; way out` for each bad key. The values themselves are in none of them."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        loc = tuple(part for part in problem["loc"] if part != "[key]")
        raised = problem.get("ctx", {}).get("error")
        loc = (*loc, raised.key) if isinstance(raised, Rule) else loc
        found.setdefault(_key(loc), _sentence(problem, loc, model))
    return [f"{key}: {sentence}" for key, sentence in found.items()]


def _key(loc: Loc) -> str:
    key = ""
    for part in loc:
        key = dotted(key, part)
    return key


def _sentence(problem: ErrorDetails, loc: Loc, model: type[BaseModel]) -> str:
    if problem["type"] == "extra_forbidden":
        return f"there is no such key; {_guess(loc, model)}"
    rule = _rule(problem)
    return rule if ";" in rule else f"{rule}; {_way_out(loc, model)}"


def _rule(problem: ErrorDetails) -> str:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"must be {context['expected']}"
        case "missing":
            return "must be given"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a table of keys; docs/configuration.md has an example"
        case _:
            return "has the wrong type"


def _way_out(loc: Loc, model: type[BaseModel]) -> str:
    field = _field(loc, model)
    if field is None:
        return "docs/configuration.md names every key"
    return f"write {_type(field)}" if field.is_required() else f"leave it out for {_default(field)}"


def _guess(loc: Loc, model: type[BaseModel]) -> str:
    field = _field(loc[:-1], model)
    table = inside(field.annotation)[0] if field else model
    names = list(table.model_fields) if table else []
    close = difflib.get_close_matches(str(loc[-1]), names, 1)
    return f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(names)}"


def _field(loc: Loc, model: type[BaseModel]) -> FieldInfo | None:
    """The setting at `loc`; under names that the operator chooses, the one that holds the chosen table."""
    field, table, chosen = None, model, False
    for part in loc:
        if chosen:
            chosen = False
        elif str(part) in table.model_fields:
            field = table.model_fields[str(part)]
            inner, chosen = inside(field.annotation)
            table = inner or BaseModel
        else:
            return field if isinstance(part, int) else None
    return field


def table(model: type[BaseModel]) -> str:
    """Every setting of `model` as a Markdown table."""
    return HEAD + "".join(f"| `{key}` | {_type(field)} | {_default(field)} | {field.description} |\n"
                          for key, field in _rows(model, ""))  # fmt: skip


def _rows(model: type[BaseModel], above: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        key = f"{above}.{name}" if above else name
        inner, chosen = inside(field.annotation)
        if inner is None or field.description:
            yield key, field
        else:
            yield from _rows(inner, f"{key}.{'<uid>' if key == 'users' else '<id>'}" if chosen else key)


def _type(field: FieldInfo) -> str:
    kind = next((part for part in field.metadata if isinstance(part, Kind)), None)
    options = [field.annotation, *get_args(field.annotation)]
    choices = next((get_args(option) for option in options if get_origin(option) is Literal), ())
    named = kind.words if kind else ", ".join(f"`{choice}`" for choice in choices) or "table"
    return f"{named} or `null`" if type(None) in options else named


def _default(field: FieldInfo) -> str:
    if field.examples:
        return str(field.examples[0])
    if field.is_required():
        return "must be given"
    if field.default_factory is not None:
        return "empty"
    return _shown(field.default, any(isinstance(part, Size) for part in field.metadata))


def _shown(value: Any, is_size: bool) -> str:
    if is_size and isinstance(value, int):
        unit = max((name for name in UNITS if value % UNITS[name] == 0), key=lambda name: UNITS[name])
        return f"`{value // UNITS[unit]}{unit}`"
    if isinstance(value, bool) or value is None:
        return f"`{str(value).lower().replace('none', 'null')}`"
    if isinstance(value, tuple | Mapping | BaseModel) or value == "":
        return "empty"
    return (
        f"`{value:_}`"
        if isinstance(value, int) and value > 9999
        else f"`{value:g}`"
        if isinstance(value, float)
        else f"`{value}`"
    )
