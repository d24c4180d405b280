"""What a loop's variable may stand for in its body: `for d in a b; do cd "$d"; done`. Nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from typing import TYPE_CHECKING

from extensions.coder.syntax import Command, Word, source_of, word_of

if TYPE_CHECKING:
    from tree_sitter import Node

USED = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
KNOWN = re.compile(r"[\w./@+=:, -]*")
ANYTHING = "\0"
"""What a `*` may stand for: no name holds it."""

MOST = 16


def in_loops(command: Command, node: Node) -> Command:
    """The command of a node, where each word that is made of loops' variables says what it may be."""
    if not any("$" in word.text for word in command.words):
        return command
    known = _known(node)
    return replace(command, words=[_told(word, known) for word in command.words]) if known else command


def ways(command: Command) -> list[Command]:
    """The command once for each of what its words may be; just itself where that is not known."""
    if not any(word.values for word in command.words):
        return [command]
    readings = list(islice(product(*(_readings(word) for word in command.words)), MOST + 1))
    return (
        [replace(command, words=list(words)) for words in readings]
        if len(readings) <= MOST
        else [replace(command, words=[replace(word, values=()) for word in command.words])]
    )


def _readings(word: Word) -> list[Word]:
    return [word if one.startswith(ANYTHING) else Word(one.replace(ANYTHING, "x")) for one in word.values] or [word]


def _known(node: Node) -> dict[str, list[str]]:
    """The values of the variables of all loops around a node, as far as nothing else sets them there."""
    found: dict[str, list[str]] = {}
    above = node.parent
    while above is not None:
        if above.type == "for_statement":
            name = source_of(above.child_by_field_name("variable") or above)
            body = next((one for one in above.children if one.type == "do_group"), None)
            values = [_value(one) for one in above.children_by_field_name("value")]
            if name not in found and body is not None and values and None not in values and not _sets(body, name):
                found[name] = [one for one in values if one is not None]
            found.setdefault(name, [])
        elif above.type == "program":
            for name, value in _constants(above, node.start_byte):
                found.setdefault(name, [value])
        above = above.parent
    return {name: values for name, values in found.items() if values}


def _constants(program: Node, before: int) -> Iterator[tuple[str, str]]:
    """What the line sets for certain before a place, and nowhere else: `dir=src; find "$dir"`."""
    for one in program.children:
        if one.start_byte >= before:
            return
        while one.type == "list":
            one = one.children[0]
        if one.type != "variable_assignment" or one.end_byte > before:
            continue
        name, given = one.child_by_field_name("name"), one.child_by_field_name("value")
        value = _value(given) if given is not None else None
        if name is None or not value or ANYTHING in value:
            continue
        rest = source_of(program)
        if not _names_else(rest.replace(source_of(one), "", 1), source_of(name)):
            yield source_of(name), value


def _value(node: Node) -> str | None:
    """A word of the loop's list; None where it may be anything, or an option."""
    word = word_of(node)
    text = word.text.replace("*", ANYTHING) if word.splits else word.text
    is_plain = word.literal and KNOWN.fullmatch(text.replace(ANYTHING, "")) is not None
    return text if is_plain and not text.startswith("-") else None


def _sets(body: Node, name: str) -> bool:
    """Whether a body may set the variable: it is named otherwise than by `$`."""
    return _names_else(source_of(body), name)


def _names_else(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w$#{{-]){name}\b|-v\s*{name}\b|\{{{name}(\[.*?\])?:?=", text) is not None


def _told(word: Word, known: dict[str, list[str]]) -> Word:
    """The word with what it may be, if that is known."""
    quoted = re.fullmatch(r'"([^"]*)"', word.text)
    text = quoted[1] if quoted is not None else word.text
    names = list(dict.fromkeys(one or other for one, other in USED.findall(text)))
    if word.literal or not names or not set(names) <= known.keys() or not KNOWN.fullmatch(USED.sub("", text)):
        return word
    ways = list(product(*(known[name] for name in names)))
    one_word = quoted is not None or not any(re.search(r"[\0\s]", value) for way in ways for value in way)
    if len(ways) > MOST or not one_word:
        return word
    return replace(word, values=tuple(_filled(text, dict(zip(names, way, strict=True))) for way in ways))


def _filled(text: str, values: dict[str, str]) -> str:
    return USED.sub(lambda found: values[found[1] or found[2]], text)
