"""Messages that would keep everybody waiting if they were read or written in one go: in pieces, in a thread.

A thread that computes keeps the interpreter to itself as well, so each piece is small, and after it others have a turn.
"""

from __future__ import annotations

import binascii
import codecs
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from secrets import token_hex
from typing import Any, TypeVar

import orjson

from host import wire
from sessions.sharing import breathe
from shim.plain import jsonable

LARGE = 256 << 10
"""Bytes of a message, or characters of a text in it, from which on it is worked on in pieces."""

MANY = 2_000
"""Items of a list or an object, likewise."""

MOST_VALUES = 100_000
"""Values that one large message may have: each takes memory and time, however short it is written."""

PIECE = 64 << 10
ITEMS = 250

TEXT = "roost.text"
"""In an ASGI message of our own socket: a large text as UTF-8, in pieces."""

Pieces = list[bytes]
Cuts = list[int]
HIGH = frozenset({b"d8", b"d9", b"da", b"db"})
"""What an escape begins with that makes one character together with the next."""
T = TypeVar("T", str, bytes)


class Text(list[bytes]):
    """A large text of a result as JSON writes it, in pieces and without its quotes, that never was one text."""


def sliced(whole: T, size: int = PIECE) -> Iterator[T]:
    """A text or bytes, a piece at a time, with a turn for others after each: a large one is for threads."""
    if len(whole) <= LARGE:
        yield whole
        return
    for at in range(0, len(whole), size):
        yield whole[at : at + size]
        breathe()


# -- what comes in


class TooManyValues(Exception):
    """A JSON text has more than `MOST_VALUES`."""


def read(frame: str | Pieces) -> wire.Call | wire.Answer:
    """A large text frame as a message. Raises `WireError` as `wire.decode` does, and for more values than may be."""
    try:
        return wire.message_of(value(frame))
    except orjson.JSONDecodeError as error:
        raise wire.not_json(error) from None
    except TooManyValues:
        text = f"the message has more than {MOST_VALUES:,} values; send it in several, or its data as a file"
        raise wire.WireError(wire.INVALID_REQUEST, text) from None


def value(text: str | Pieces) -> Any:
    """What a large JSON text says. Raises `JSONDecodeError` as orjson does, and `TooManyValues`."""
    if isinstance(text, str):
        content = encoded(text)
    else:
        content = b"".join(text)
        text.clear()  # so that all of it is freed here
    count, texts = looked_through(content)
    if count > MOST_VALUES:
        raise TooManyValues
    if texts and (held := _in_pieces(content, texts)):
        return held[0]
    return orjson.loads(content)


def looked_through(frame: bytes) -> tuple[int, list[Cuts]]:
    """What opens and separates values in a JSON text, outside of its strings, and where its large strings can be cut.

    No more is counted than may be.
    """
    found = inside = at = 0
    texts: list[Cuts] = [[0]]
    while at < len(frame) and found <= MOST_VALUES:
        end = _whole(frame, at, at + PIECE)
        parts = frame[at:end].replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        if inside and len(parts) == 1:
            texts[-1].append(end)
        else:
            texts.append([end])
        outside = b"".join(parts[inside::2])
        found += outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        inside = (inside + len(parts) - 1) % 2
        at = end
        breathe()
    return found, [cuts for cuts in texts if cuts[-1] - cuts[0] > LARGE]


def _whole(frame: bytes, at: int, end: int) -> int:
    """Where what begins at `at` can be cut from `end` on: behind a whole escape, and between two characters."""
    escape = frame.rfind(b"\\", max(at, end - 6), end)
    before = frame[at : escape + 1]
    if escape >= 0 and (len(before) - len(before.rstrip(b"\\"))) % 2:  # else it is the second one of two
        if frame[escape + 1 : escape + 2] != b"u":
            end = max(end, escape + 2)
        elif frame[escape + 2 : escape + 4].lower() in HIGH and frame[escape + 6 : escape + 8] == b"\\u":
            end = escape + 12
        else:
            end = escape + 6
    while end < len(frame) and frame[end] & 0xC0 == 0x80:
        end += 1
    return min(end, len(frame))


def _in_pieces(content: bytes, texts: list[Cuts]) -> list[Any] | None:
    """A list of what `content` says, of which these strings are read in pieces; None if it is to be read as a whole."""
    mark, short, last = token_hex(16), [], 0
    for number, cuts in enumerate(texts):
        short += [content[last : cuts[0]], f"{mark}{number}:".encode()]
        last = cuts[-1]
    with suppress(orjson.JSONDecodeError):  # where a mistake is, is told by who reads the whole
        held = [orjson.loads(b"".join([*short, content[last:]]))]
        if _put_back(held, mark, content, texts) == len(texts):
            return held
    return None


def _put_back(held: list[Any], mark: str, content: bytes, texts: list[Cuts]) -> int:
    """Put the parts of strings back where their marks are; how many had a place."""
    count = 0
    left: list[Any] = [held]
    while left:
        holder = left.pop()
        for key, value in holder.items() if type(holder) is dict else enumerate(holder):
            if type(value) in (dict, list):
                left.append(value)
            elif type(value) is str and mark in value:
                head, _, rest = value.partition(mark)
                number, _, tail = rest.partition(":")
                holder[key] = _grown(head, content, texts[int(number)], tail)
                count += 1
    return count


def _grown(text: str, content: bytes, cuts: Cuts, tail: str) -> str:
    """A text, what its string in the JSON goes on with, and its end. It grows where it is: a join would keep others."""
    for at, end in pairwise(cuts):
        text += orjson.loads(b'"%b"' % content[at:end])
        breathe()
    text += tail
    return text


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
                del items[-MANY:]
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
