"""What may be sent to each method of the socket, drawn from the host's own OpenRPC document. No host code is here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.client import Client

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

IDS = {"terminalId", "handle", "id", "watchId", "executionId", "tab", "editor", "item", "viewId", "accountId"}
"""Members that name something of a user's."""

LANGUAGES = st.sampled_from(["python", "plaintext", "markdown", "klingon"])


class Document:
    """The methods of a host and how they are asked. `methods` are in the document's order."""

    def __init__(self, document: Schema) -> None:
        self.methods: dict[str, list[Schema]] = {one["name"]: one["params"] for one in document["methods"]}
        self._schemas = document["components"]["schemas"]

    def params(self, method: str, named: Callable[[str], Strategy | None]) -> Strategy:
        """Parameters that the document allows; `named(name)` says what is drawn for a member, else its schema does."""
        return self._object(
            {one["name"]: one["schema"] for one in self.methods[method]},
            {one["name"] for one in self.methods[method] if one.get("required")},
            named,
        )

    def _object(self, members: Schema, needed: Iterable[str], named: Callable[[str], Strategy | None]) -> Strategy:
        drawn = {name: self._value(name, schema, named) for name, schema in members.items()}
        must = {name: one for name, one in drawn.items() if name in needed}
        return st.fixed_dictionaries(must, optional={name: one for name, one in drawn.items() if name not in must})

    def _value(self, name: str, schema: Schema, named: Callable[[str], Strategy | None]) -> Strategy:
        if "$ref" in schema:
            return self._value(name, self._schemas[schema["$ref"].rpartition("/")[2]], named)
        if "anyOf" in schema:
            return st.one_of([self._value(name, one, named) for one in schema["anyOf"]])
        kind = schema.get("type")
        found = named(name)
        if found is not None and kind in ("string", None):
            return found
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if kind == "array":
            return self._array(name, schema, named)
        if kind == "object":
            members = schema.get("properties", {})
            return self._object(members, schema.get("required", ()), named)
        return self._scalar(schema, kind)

    def _array(self, name: str, schema: Schema, named: Callable[[str], Strategy | None]) -> Strategy:
        if "prefixItems" in schema:
            return st.tuples(*(self._value(name, one, named) for one in schema["prefixItems"])).map(list)
        single = name.removesuffix("s")
        least = max(1, schema.get("minItems", 0))
        return st.lists(self._value(single, schema.get("items", {}), named), min_size=least, max_size=least + 2)

    def _scalar(self, schema: Schema, kind: str | None) -> Strategy:
        if kind == "boolean":
            return st.booleans()
        if kind in ("integer", "number"):
            least, most = schema.get("minimum", -2), schema.get("maximum", 1_000)
            return st.integers(int(least), int(min(most, 1_000)))
        return st.none() if kind == "null" else st.sampled_from(["x", "-"])


def ids_in(messages: Iterable[Any]) -> set[tuple[str, str]]:
    """Everything in these messages by which something is named, with the member that it is named by."""
    found: set[tuple[str, str]] = set()
    waiting = list(messages)
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {(name, value) for name, value in one.items() if name in IDS and isinstance(value, str)}
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


async def ask(client: Client, method: str, params: Any) -> dict[str, Any]:
    """The answer; what the host asks its user meanwhile is closed without one."""
    answered = len(client.heard)
    asking = asyncio.ensure_future(client.ask(method, params))
    while not asking.done():
        await asyncio.wait({asking}, timeout=0.05)
        for message in client.heard[answered:]:
            if "method" in message and "id" in message:
                await client.send({"jsonrpc": "2.0", "id": message["id"], "result": None, "uid": client.uid})
        answered = len(client.heard)
    return asking.result()
