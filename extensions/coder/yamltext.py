"""YAML as people write it into files for an agent: read with the line of every value, cleaned, and within bounds.

The parser is PyYAML's in Python: libyaml's overflows the C stack on text that is nested deep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Where a value stands: keys and indices from the top."""

MOST = 20_000
"""Values of one text; links of YAML count each time that they are followed."""

DEPTH = 12

LONGEST_HEAD = 16_000
"""Characters of a front matter that is read as YAML."""

CLEANED = str.maketrans({
    "\u00a0": " ", "\u202f": " ", "\u200b": None, "\u200c": None, "\u200d": None, "\u2060": None, "\ufeff": None,
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
})  # fmt: skip
"""What word processors put in the place of ASCII's blanks, quotes and dashes."""

FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class BadYaml(ValueError):
    """The text is no YAML; the sentence says where and why."""


PLAIN = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("int", r"0|[-+]?[1-9]\d*|0o[0-7]+|0x[\da-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.\d+|\d+\.\d*|\d+(?=[eE]))(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
     "-+.0123456789"),
)  # fmt: skip
"""Words without quotes that are no text, in YAML 1.2: for PyYAML `yes`, `on`, a date and `12:30` are none either."""


def _resolvers(more: Mapping[Any, Any]) -> dict[Any, Any]:
    """For each first letter what a word without quotes can be, as PyYAML keeps it, and what `more` says."""
    found = {letter: list(kinds) for letter, kinds in more.items()}
    for kind, pattern, first in PLAIN:
        for letter in first:
            found.setdefault(letter, []).append((f"tag:yaml.org,2002:{kind}", re.compile(f"(?:{pattern})\\Z")))
    return found


class _Loader(yaml.SafeLoader):
    """Looks ahead for as long as brackets open, which takes time that grows with the square of them: it is bounded."""

    yaml_implicit_resolvers = _resolvers({})

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        if self.flow_level > DEPTH:
            raise BadYaml("it is nested too deep")
        super().fetch_flow_collection_start(TokenClass)

    def scan_plain(self) -> Any:
        """A word without quotes; in brackets PyYAML ends it at a `?`, which regular expressions have."""
        if not self.flow_level:
            return super().scan_plain()
        peek = super().peek
        vars(self)["peek"] = lambda index=0: "-" if (found := peek(index)) == "?" else found
        try:
            return super().scan_plain()
        finally:
            del vars(self)["peek"]


class _Dumper(yaml.SafeDumper):
    """Puts texts in quotes that either YAML 1.1 or 1.2 would take for something else."""

    yaml_implicit_resolvers = _resolvers(yaml.SafeDumper.yaml_implicit_resolvers)


def text_of(value: object) -> str:
    """Plain values as YAML, which `parse` and readers of older YAML read as the same values."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000))


class Document:
    """A value, and the line (from 1) of each part of it where that is known."""

    __slots__ = ("_lines", "value")

    def __init__(self, value: Any, lines: dict[Place, int]) -> None:
        self.value = value
        self._lines = lines

    def line(self, place: Place) -> int | None:
        """The line of what stands there, or of the nearest thing around it."""
        return next((line for end in range(len(place), -1, -1) if (line := self._lines.get(place[:end]))), None)


def parse(text: str) -> Document:
    """YAML, or JSON, with the quotes and blanks of word processors made plain. Raises `BadYaml`."""
    bare = text.lstrip("\ufeff")
    try:
        return _parsed(bare.translate(CLEANED))
    except BadYaml as error:
        for again in (_parsed, _json):
            try:
                return again(bare)
            except BadYaml:
                continue
        raise error from None


def exact(text: str) -> Document:
    """As `parse`, but what can be read as it stands is left as it stands: texts may hold such quotes and dashes."""
    try:
        return _parsed(text.lstrip("\ufeff"))
    except BadYaml:
        return parse(text)


def _parsed(text: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        value = None if node is None else _value(node, (), lines, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise BadYaml(f"{where}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadYaml(" ".join(str(error).split())) from None
    except RecursionError:
        raise BadYaml("it is nested too deep") from None
    finally:
        loader.dispose()
    return Document(value, lines)


def _json(text: str) -> Document:
    try:
        return Document(json.loads(text, object_pairs_hook=_once), {})
    except (ValueError, RecursionError) as error:
        raise BadYaml(str(error)) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadYaml("a key stands twice in one place; keep one")
    return found


def _value(node: yaml.Node, place: Place, lines: dict[Place, int], loader: yaml.SafeLoader) -> Any:
    """The value of a node; links are followed, and counted as if they were written out."""
    if len(place) > DEPTH:
        raise BadYaml(f"line {node.start_mark.line + 1}: it is nested too deep")
    if len(lines) >= MOST:
        raise BadYaml(f"it has more than {MOST} values")
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return {key: _value(inner, (*place, key), lines, loader) for key, inner in _pairs(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(inner, (*place, at), lines, loader) for at, inner in enumerate(node.value)]
    return loader.construct_object(node)


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    seen = set()
    for key, inner in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BadYaml(f"line {key.start_mark.line + 1}: a key must be a word")
        if key.value in seen:  # whoever reads the first one must not be shown something else than what counts
            raise BadYaml(f"line {key.start_mark.line + 1}: {key.value[:100]!r} stands there twice; keep one")
        seen.add(key.value)
        yield str(key.value), inner


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """What stands between the `---` lines at the head of a Markdown file, and the text after them.

    A head that is no YAML, or long, is read line by line as `key: value`, as its writer meant it. Call it in a thread.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    found = FRONT.match(text)
    if found is None:
        return {}, text.strip()
    rest = text[found.end() :].strip()
    try:
        head = parse(found[1] if len(found[1]) <= LONGEST_HEAD else "[").value
    except BadYaml:
        pairs = (line.partition(":") for line in found[1].splitlines() if ":" in line)
        head = {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    return (head if isinstance(head, dict) else {}), rest
