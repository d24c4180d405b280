"""What a source file defines, and its syntax tree as a model is shown it. Text in, values out: call it in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extensions.coder.grammars import Grammar, grammar_of, has, parser_of, query_of
from extensions.coder.output_text import cut

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST = 1024 * 1024
"""Bytes of a text that is parsed."""

LINE = 160
"""Characters of a line of code that are shown."""

MOST = 2_000
"""Definitions of one file."""


class NotParsed(ValueError):
    """The file's syntax is not known here: the sentence says why."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Something that a file defines; lines from 1, the last one included. `line` is the code that begins it."""

    kind: str
    name: str
    first: int
    last: int
    depth: int
    line: str


def grammar_for(path: str) -> Grammar:
    """The grammar of a file. Raises `NotParsed`."""
    grammar = grammar_of(path)
    if grammar is None:
        raise NotParsed(f"{path}: files of its kind are not parsed here; use read_file or search_files")
    if not has(grammar):
        raise NotParsed(f"{path}: {grammar.name} is parsed where the host has its extra `code`, which is missing here")
    return grammar


def root_of(path: str, text: str) -> tuple[Grammar, Node]:
    """The tree of a text. Raises `NotParsed`."""
    grammar = grammar_for(path)
    raw = text.encode("utf-8", "replace")
    if len(raw) > LONGEST:
        raise NotParsed(f"{path}: it has {len(raw)} bytes, {LONGEST} are parsed at most; use search_files")
    return grammar, parser_of(grammar).parse(raw).root_node


def definitions(path: str, text: str) -> list[Definition]:
    """What the file defines, in its order. Raises `NotParsed`."""
    from tree_sitter import QueryCursor

    grammar, root = root_of(path, text)
    lines = text.split("\n")
    cursor = QueryCursor(query_of(grammar), match_limit=10_000)
    found: dict[tuple[int, int, str], tuple[str, Node]] = {}
    for _, captures in cursor.matches(root):
        names = captures.get("name")
        kind = next((one for one in captures if one != "name"), None)
        if names and kind:
            whole = captures[kind][0]
            found.setdefault((whole.start_byte, -whole.end_byte, _text(names[0])), (kind, whole))
    return list(_nested(lines, found))[:MOST]


def _nested(lines: list[str], found: dict[tuple[int, int, str], tuple[str, Node]]) -> Iterator[Definition]:
    """The definitions in order, each with how many others it stands in."""
    open_ends: list[int] = []
    for (start, _, name), (kind, node) in sorted(found.items(), key=lambda one: one[0]):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
        first = node.start_point[0]
        last = max(first, node.end_point[0] - (node.end_point[1] == 0))
        yield Definition(kind, name, first + 1, last + 1, len(open_ends), cut(lines[first].strip(), LINE))
        open_ends.append(node.end_byte)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def outline(found: list[Definition]) -> str:
    """Definitions in lines: where each begins and ends, and the code that begins it."""
    width = max((len(f"{one.first}-{one.last}") for one in found), default=0)
    return "\n".join(f"{f'{one.first}-{one.last}':>{width}} | {'  ' * one.depth}{one.line}" for one in found)


def signatures(path: str, text: str) -> str:
    """The outline of a file for who needs no more of it; empty where it defines nothing that can be told."""
    try:
        return outline(definitions(path, text))
    except NotParsed:
        return ""


def tree(path: str, text: str, first: int, last: int, depth: int, most: int) -> tuple[str, bool, list[str]]:
    """The named nodes that touch the lines `first` to `last` (from 1), `depth` levels of them, in lines.

    Also whether there were more than `most`, and the places of what is not understood. Raises `NotParsed`.
    """
    _, root = root_of(path, text)
    lines: list[str] = []
    for node, level, field in _walk(root, first - 1, last - 1, depth):
        if len(lines) >= most:
            return "\n".join(lines), True, _faults(root)
        lines.append(f"{'  ' * level}{f'{field}: ' if field else ''}{_node(node)}")
    return "\n".join(lines), False, _faults(root)


def _node(node: Node) -> str:
    (row, column), (end_row, end_column) = node.start_point, node.end_point
    where = f"{row + 1}:{column + 1}-{end_row + 1}:{end_column + 1}"
    leaf = f" {cut(' '.join(_text(node).split()), 60)!r}" if not node.named_child_count else ""
    return f"{node.type} {where}{leaf}"


def _walk(root: Node, first: int, last: int, depth: int) -> Iterator[tuple[Node, int, str | None]]:
    waiting: list[tuple[Node, int, str | None]] = [(root, 0, None)]
    while waiting:
        node, level, field = waiting.pop()
        if node.end_point[0] < first or node.start_point[0] > last:
            continue
        yield node, level, field
        if level + 1 < depth:
            inner = [(child, node.field_name_for_child(at)) for at, child in enumerate(node.children) if child.is_named]
            waiting += [(child, level + 1, name) for child, name in reversed(inner)]


def _faults(root: Node, most: int = 10) -> list[str]:
    """Where the text is not understood."""
    found: list[str] = []
    waiting = [root] if root.has_error else []
    while waiting and len(found) < most:
        node = waiting.pop()
        if node.is_missing:
            found.append(f"line {node.start_point[0] + 1}: {node.type!r} is missing")
        elif node.is_error:
            found.append(
                f"line {node.start_point[0] + 1}: {cut(' '.join(_text(node).split()), 60)!r} is not understood"
            )
        else:
            waiting += [child for child in reversed(node.children) if child.has_error or child.is_missing]
    return found
