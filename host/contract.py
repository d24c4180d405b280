"""How a function becomes a method of the wire: its signature is what is checked, and what `rpc.discover` publishes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

F = TypeVar("F", bound=Callable[..., Any])
REFERENCE = "#/components/schemas/{model}"


class Params(BaseModel):
    """Parameters by name, in camelCase; an unknown one, or one of another type, is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Method:
    """One entry of the contract, made from a handler `(caller, **params)`."""

    name: str
    handler: Callable[..., Any]
    params: type[Params]
    returns: Any
    """The type of what it answers, for the published document."""
    bare: bool
    """It takes no parameters, so that there is nothing to check where none are given."""
    inline: bool
    """The handler is a plain function: it answers at once, on the loop, and touches nothing that waits."""
    gated: bool
    """It may hold large contents in memory: a few at a time for one user."""
    acts: bool
    """It lets an extension act, as a command in VS Code does: it goes on when the connection that asked is lost, and
    its answer comes after the events that were posted meanwhile."""

    @property
    def summary(self) -> str:
        """The first paragraph of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").split("\n\n")[0].replace("\n", " ")


class Contract(Mapping[str, Method]):
    """The methods by name. Registering is done by decorating, at import, and never later."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}

    def __getitem__(self, name: str) -> Method:
        return self._methods[name]

    def __iter__(self) -> Any:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)

    def method(self, name: str, *, gated: bool = False, acts: bool = False) -> Callable[[F], F]:
        """Publish a function under `name`; a coroutine function gets a task of its own for each call."""

        def publish(handler: F) -> F:
            hints = get_type_hints(handler, include_extras=True)
            params = create_model(_title(name) + "Params", __base__=Params, **_fields(handler, hints))
            bare, inline = not params.model_fields, not inspect.iscoroutinefunction(handler)
            self._methods[name] = Method(name, handler, params, hints["return"], bare, inline, gated, acts)
            return handler

        return publish

    def include(self, other: Contract) -> None:
        """Take in the methods of another module."""
        self._methods.update(other._methods)

    def document(self, version: str) -> dict[str, Any]:
        """The OpenRPC 1.3 document of every method, from the same models that validate."""
        _, schemas = models_json_schema(
            [(one.params, "validation") for one in self._methods.values()], ref_template=REFERENCE
        )
        components = dict(schemas.get("$defs", {}))
        methods = [_describe(one, components) for one in self._methods.values()]
        for one in self._methods.values():
            components.pop(one.params.__name__, None)
        return {
            "openrpc": "1.3.2",
            "info": {
                "title": "Roost",
                "version": version,
                "description": "JSON-RPC 2.0 over `/ws`, one message a frame.",
            },
            "servers": [{"name": "socket", "url": "ws://localhost/ws"}],
            "methods": methods,
            "components": {"schemas": components},
        }


def _title(name: str) -> str:
    return "".join(part[0].upper() + part[1:] for part in name.replace("$/", "").split("."))


def _fields(handler: Callable[..., Any], hints: dict[str, Any]) -> dict[str, Any]:
    parameters = list(inspect.signature(handler).parameters.values())[1:]
    return {one.name: (hints[one.name], ... if one.default is one.empty else one.default) for one in parameters}


def _describe(one: Method, components: dict[str, Any]) -> dict[str, Any]:
    schema = components[one.params.__name__]
    required = set(schema.get("required", ()))
    result = TypeAdapter(one.returns).json_schema(ref_template=REFERENCE)
    for name, shape in result.pop("$defs", {}).items():
        if components.setdefault(name, shape) != shape:
            raise TypeError(f"{one.name} answers a {name}, and another shape is called so: rename one of them")
    return {
        "name": one.name,
        "summary": one.summary,
        "paramStructure": "by-name",
        "params": [
            {"name": name, "required": name in required, "schema": value}
            for name, value in schema.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": result},
        "errors": ERRORS,
    }


def _errors(rows: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"code": code, "message": message} for code, message in rows]


ERRORS = _errors(
    [
        (-32602, "a parameter is wrong; `data.errors` names field and rule"),
        (-32603, "a defect of the host; `data.id` finds it in the log"),
        (-32001, "overloaded, try again after `data.retryAfterMs`"),
        (-32002, "not authenticated"),
        (-32003, "not your uid"),
        (-32005, "over a quota or budget: `data` has quota, limit and used"),
        (-32010, "file system error: `data.code`"),
        (-32012, "a language model did not answer: `data.code`"),
        (-32011, "the command failed or is unknown: `data.command`"),
        (-32800, "cancelled"),
    ]
)
