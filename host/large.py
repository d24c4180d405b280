"""Messages that would keep everybody waiting if they were read or written in one go: in pieces, in a thread.

A thread that computes keeps the interpreter to itself as well, so each piece is small, and after it others have a turn.
"""

from __future__ import annotations

import binascii
import codecs
import struct
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import orjson

from host import wire
from shim.plain import jsonable

LARGE = 256 << 10
"""Bytes of a message, or characters of a text in it, from which on it is worked on in pieces."""

MANY = 2_000
"""Items of a list or an object, likewise."""

MOST_VALUES = 100_000
"""Values that one large message may have: each takes memory and time, however short it is written."""

PIECE = 64 << 10
ITEMS = 250
BREATH_S = 0.0001

TEXT = "roost.text"
"""In an ASGI message of our own socket: a large text as UTF-8, in pieces."""

Pieces = list[bytes]
T = TypeVar("T", str, bytes)


class Text(list[bytes]):
    """A large text of a result as JSON writes it, in pieces and without its quotes, that never was one text."""


def breathe() -> None:
    """Let go of the interpreter."""
    time.sleep(BREATH_S)  # noqa: TID251  only ever in a thread


def sliced(whole: T, size: int = PIECE) -> Iterator[T]:
    """A text or bytes, a piece at a time, with a turn for others after each: a large one is for threads."""
    if len(whole) <= LARGE:
        yield whole
        return
    for at in range(0, len(whole), size):
        yield whole[at : at + size]
        breathe()


# -- what comes in


def read(frame: str | Pieces) -> wire.Call | wire.Answer:
    """A large text frame as a message. Raises `WireError` as `wire.decode` does, and for more values than may be.

    Reading a text of megabytes still holds the interpreter for some milliseconds; as many values as fit would for more.
    """
    if isinstance(frame, str):
        content = encoded(frame)
    else:
        content = b"".join(frame)
        frame.clear()  # so that all of it is freed here
    if values(content) > MOST_VALUES:
        text = f"the message has more than {MOST_VALUES:,} values; send it in several, or its data as a file"
        raise wire.WireError(wire.INVALID_REQUEST, text)
    return wire.decode(content)


def values(frame: bytes) -> int:
    """What opens and separates values in a JSON text, outside of its strings; not more is counted than may be."""
    found = inside = at = 0
    while at < len(frame) and found <= MOST_VALUES:
        piece = frame[at : at + PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # the character after the last backslash belongs to it
            piece = frame[at : at + PIECE + 1]
        at += len(piece)
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside = b"".join(parts[inside::2])
        found += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        inside = (inside + len(parts) - 1) % 2
        breathe()
    return found


def encoded(text: str) -> bytes:
    """A text as UTF-8."""
    return b"".join(piece.encode() for piece in sliced(text))


def from_base64(text: str) -> bytes:
    """What base64 stands for. Raises `ValueError` where it is none, or is not padded."""
    if text.find("=", 0, -2) >= 0:
        raise ValueError("padding in the middle")
    return b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in sliced(text))


# -- what goes out


def to_base64(content: bytes) -> str | Text:
    """Bytes as base64."""
    text = Text(binascii.b2a_base64(piece, newline=False) for piece in sliced(content, PIECE // 4 * 3))
    return text if len(content) > LARGE else text[0].decode("ascii")


def from_utf8(content: bytes) -> str | Text:
    """The text that bytes stand for. Raises `UnicodeDecodeError` where they are none."""
    if len(content) <= LARGE:
        return content.decode()
    decoder = codecs.getincrementaldecoder("utf-8")()
    text = Text(_json(decoder.decode(piece))[1:-1] for piece in sliced(content))
    decoder.decode(b"", final=True)
    return text


def head(pieces: Pieces) -> bytes:
    """What a WebSocket's text frame of these pieces begins with."""
    size = sum(map(len, pieces))
    if size < 126:
        return struct.pack("!BB", 0x81, size)
    return struct.pack("!BBH", 0x81, 126, size) if size < 1 << 16 else struct.pack("!BBQ", 0x81, 127, size)


def is_large(value: object) -> bool:
    """Whether a result is to be written in pieces. It looks no deeper than into the values of an object."""
    match value:
        case Text():
            return True
        case str():
            return len(value) > LARGE
        case list() | tuple():
            return len(value) > MANY
        case dict():
            return len(value) > MANY or any(is_large(one) for one in value.values() if type(one) in (str, list, Text))
    return False


def result(id_: wire.Id, uid: str | None, value: object) -> Pieces:
    """The answer to a request, as `wire.result` has it."""
    head = b'{"jsonrpc":"2.0","id":' + orjson.dumps(id_) + b',"result":'
    return [head, *_written(value), b',"uid":' + orjson.dumps(uid) + b"}"]


def written(id_: wire.Id, uid: str | None, held: list[Any]) -> Pieces:
    """As `result`, of the one value that `held` holds, which nobody holds then: freeing that takes as long."""
    pieces = result(id_, uid, held[0])
    let_go(held)
    return pieces


def let_go(held: list[Any]) -> None:
    """Take the one value from this list and forget it, with a turn for others after each piece."""
    value = held.pop()
    parts = list(value.values()) if isinstance(value, dict) else [value]
    del value
    while parts:
        part = parts.pop()
        if isinstance(part, list | tuple) and is_large(part):
            items = list(part)  # whoever holds the list as well keeps it
            del part
            while items:
                del items[-ITEMS:]
                breathe()


def _written(value: Any) -> Iterator[bytes]:
    """A value as JSON, with a turn for others after each piece."""
    if not is_large(value):
        yield _json(value)
    elif isinstance(value, Text):
        yield b'"'
        yield from value
        yield b'"'
    elif isinstance(value, str):
        yield b'"'
        yield from (_json(piece)[1:-1] for piece in sliced(value))
        yield b'"'
    elif not isinstance(value, dict):
        yield b"["
        for at in range(0, len(value), ITEMS):
            yield (b"," if at else b"") + _json(value[at : at + ITEMS])[1:-1]
            breathe()
        yield b"]"
    else:
        yield from _members(value)


def _members(value: dict[Any, Any]) -> Iterator[bytes]:
    comma = b"{"
    for at, (key, one) in enumerate(list(value.items())):
        yield comma + _json({key: None})[1:-5]
        yield from _written(one)
        comma = b","
        if at % ITEMS == 0:
            breathe()
    yield b"}"


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=jsonable)
