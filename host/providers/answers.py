"""What an answer of any wire is put together from: text that can be sent on, and tool calls once. No I/O is here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from host.providers.faults import cut
from sessions.models import ToolCall

ARGUMENT_BYTES = 4 << 20
"""Of all calls of one answer together."""

LARGE_BYTES = 64 << 10
"""Of all calls of one answer, from which on they are read beside the loop."""

MOST_CALLS = 256

ECHO = "reasoning_content:"
"""How the signature of thinking begins that has none of its own: the model named behind it wants it back."""

SEAL = "thought_signature:"
"""How sealed thinking begins that belongs to the call behind it: the model named then wants both back together."""

DETAILS = "reasoning_details:"
"""How sealed thinking begins that is all of an answer's, as JSON: the model named then wants it back with calls."""

FOREIGN = (ECHO, SEAL, DETAILS)
"""What is no signature for anybody else."""


def author(model: str) -> str:
    """A `Model.id` as these signatures name it: without a colon, which ends it there."""
    return quote(model)


class Words:
    """Text in pieces. A character that JSON's escapes cut in two is whole again with its second piece."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    def take(self, piece: object) -> str:
        """What can be sent on of a piece. Raises `TypeError` for what is no text."""
        if not isinstance(piece, str):
            raise TypeError("a text was expected")
        text = self._half + piece
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return sound(text[:-1] if self._half else text)


def sound(text: str) -> str:
    """The text with what is no character, and no UTF-8 can carry, replaced."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class Begun:
    """A tool call of which not all may have come."""

    __slots__ = ("given", "id", "name", "seal", "texts")

    def __init__(self) -> None:
        self.given = ""
        """The arguments, where they came whole and in no pieces."""
        self.id = ""
        self.name = ""
        self.seal = ""
        self.texts: list[str] = []


class Calls:
    """The tool calls of an answer, in pieces by the provider's index."""

    def __init__(self, provider: str) -> None:
        self.size = 0
        self.seals: dict[str, str] = {}
        """By the ids of whole calls, where they came with one."""
        self._provider = provider
        self._begun: list[Begun] = []
        self._at: dict[int | None, Begun] = {}

    def __len__(self) -> int:
        return len(self._begun)

    def take(
        self,
        index: int | None,
        id: str | None = None,
        name: str | None = None,
        text: str | None = None,
        seal: str | None = None,
        given: object = None,
    ) -> None:
        """A piece of a call. Some providers count no calls: another id under the same index is another call."""
        call = self._at.get(index)
        if call is None or (id and call.id and id != call.id) or (index is None and name and not id):
            call = self._at[index] = self._begin()
        call.id = call.id or id or ""
        call.name = call.name or name or ""
        call.seal = call.seal or seal or ""
        whole = orjson.dumps(given).decode() if isinstance(given, dict) and given else ""
        call.given = whole or call.given
        self.size += len(text or "") + len(seal or "") + len(whole)
        if text:
            call.texts.append(text)
        if self.size > ARGUMENT_BYTES:
            raise cut(self._provider, f"the arguments of its calls are longer than {ARGUMENT_BYTES} bytes")

    def _begin(self) -> Begun:
        if len(self._begun) >= MOST_CALLS:
            raise cut(self._provider, f"it calls more than {MOST_CALLS} tools at once")
        self._begun.append(Begun())
        return self._begun[-1]

    @property
    def is_large(self) -> bool:
        """Whether to read them takes more than a moment."""
        return self.size > LARGE_BYTES

    def whole(self) -> list[ToolCall]:
        """Every call, once: what came twice is one, and calls that share an id get ids of their own."""
        found: dict[str, ToolCall] = {}
        for begun in self._begun:
            call = ToolCall(sound(begun.id), sound(begun.name), arguments_of("".join(begun.texts) or begun.given))
            if found.get(call.id) == call:
                continue
            if not call.id or call.id in found:
                call = ToolCall(f"call_{secrets.token_hex(8)}", call.name, call.arguments)
            found[call.id] = call
            if begun.seal:
                self.seals[call.id] = begun.seal
        return list(found.values())


def arguments_of(text: str) -> Mapping[str, Any]:
    """The object that a call's arguments are; what is none is given as it is, for the tool to refuse it by name."""
    try:
        arguments = orjson.loads(text or "{}")
        if isinstance(arguments, str):  # some models write the object as a text, and that as JSON
            arguments = orjson.loads(arguments)
        orjson.dumps(arguments)  # what is nested too deep to be sent on is refused like what cannot be read
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        arguments = None
    if not isinstance(arguments, dict):
        return {"arguments_that_are_no_json_object": sound(text[:2_000])}
    return arguments
