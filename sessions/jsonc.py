"""JSON with comments, as VS Code's settings files are: read, and edited in place so that comments stay. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecoder
from typing import Any, NamedTuple

import orjson

from sessions.errors import InvalidValue

_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"?|//[^\r\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*[}\]])', re.DOTALL)
_SPACE = re.compile(r"\s*")
_INK = re.compile(r"[^\r\n]")
INDENT = "    "


class Member(NamedTuple):
    """A member of an object: where its key begins, and from where to where its value stands."""

    key: str
    start: int
    value: int
    end: int


def parse(text: str) -> dict[str, Any]:
    """The object that a settings file holds, `{}` of an empty one. Raises `InvalidValue`, which names the line."""
    plain = _plain(_bare(text))
    if not plain.strip():
        return {}
    try:
        found = orjson.loads(plain)
    except orjson.JSONDecodeError as error:
        raise InvalidValue("settings", f"must be JSON with comments; line {error.lineno}: {error.msg}") from None
    if not isinstance(found, dict):
        raise InvalidValue("settings", "must be an object: keys and values within { and }")
    return found


def put(text: str, key: str, value: object) -> str:
    """`text` with a member of its object set; everything else stays as it is."""
    parse(text)
    if not _plain(_bare(text)).strip():
        return f"{text.rstrip()}\n{{\n{_line(key, value)}\n}}\n".lstrip()
    members, bare = [*_members(text)], _bare(text)
    for member in reversed(members):
        if member.key == key:
            return text[: member.value] + _shown(value) + text[member.end :]
    if members:
        end = members[-1].end
        return f"{text[:end]},\n{_line(key, value)}{text[end:]}"
    begin = bare.index("{") + 1
    return f"{text[:begin]}\n{_line(key, value)}\n{text[begin:].lstrip(' ')}"


def remove(text: str, key: str) -> str:
    """`text` without a member of its object; everything else stays as it is."""
    parse(text)
    while found := next(((i, one) for i, one in enumerate(_members(text)) if one.key == key), None):
        text = _without(text, *found)
    return text


def _without(text: str, index: int, member: Member) -> str:
    bare = _bare(text)
    comma = _after(bare, member.end)
    if bare[comma : comma + 1] == ",":
        text = _cut(text, comma, comma + 1)
    elif index:
        before = _after(bare, [*_members(text)][index - 1].end)
        return _cut(_cut(text, member.start, member.end), before, before + 1)
    return _cut(text, member.start, member.end)


def _cut(text: str, start: int, end: int) -> str:
    """Without what is from `start` to `end`, nor a line that would be left empty."""
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    if line > 0 and after >= 0 and not text[line:start].strip() and not text[end:after].strip():
        return text[:line] + text[after + 1 :]
    return text[:start] + text[end:]


def _members(text: str) -> Iterator[Member]:
    plain, decoder = _plain(_bare(text)), JSONDecoder()
    at = _after(plain, plain.find("{") + 1)
    try:
        while plain[at : at + 1] == '"':
            key, colon = decoder.raw_decode(plain, at)
            value = _after(plain, _after(plain, colon) + 1)
            _, end = decoder.raw_decode(plain, value)
            yield Member(key, at, value, end)
            at = _after(plain, end)
            at = _after(plain, at + 1) if plain[at : at + 1] == "," else at
    except RecursionError:
        raise InvalidValue("settings", "is nested too deep to be changed here; make it flat") from None


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _bare(text: str) -> str:
    """The text with spaces in place of comments."""
    return _COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else _INK.sub(" ", found[0]), _marked(text))


def _plain(bare: str) -> str:
    """What JSON itself allows: no comma before a closing bracket."""
    return _COMMA.sub(lambda found: found[0] if found[0][0] == '"' else " ", bare)


def _marked(text: str) -> str:
    return " " + text[1:] if text.startswith("\ufeff") else text


def _line(key: str, value: object) -> str:
    return f"{INDENT}{json.dumps(key, ensure_ascii=False)}: {_shown(value)}"


def _shown(value: object) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False).replace("\n", f"\n{INDENT}")
