"""Whether a line's arithmetic may run what a variable holds: `x='a[$(id)]'; echo $((x))`. Nothing is run here.

Arithmetic takes a variable's text for more arithmetic, and in `a[…]` the shell runs substitutions. So what a line
itself puts into such a variable must be a number, or come of a program that prints nothing else. Of variables that the
line does not set, those of the user's own environment, nothing is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from extensions.coder.syntax import DECLARES, Word, command_of, source_of

if TYPE_CHECKING:
    from tree_sitter import Node

NAME = re.compile(r"[A-Za-z_]\w*")
NUMBER = re.compile(r"[\"']?[-+]?\d*[\"']?")
SIZE = re.compile(r"\"?(\$\{#[^}]*\}|\$[?#$])\"?")
COPY = re.compile(r"\"?\$\{?([A-Za-z_]\w*)\}?\"?")
GIVEN = re.compile(r"\$\{?[0-9@*]")
"""What a script is given: whoever calls it says what that is."""

INNER = re.compile(r"\$\((?!\()(?:[^()]|\([^()]*\))*\)|`[^`]*`")
OFFSET = re.compile(r"\$\{\w+(?:\[[^\]]*\])?:(?![-=?+])([^}]*)\}")
COMPARES = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})
FILLS = frozenset({"read", "mapfile", "readarray"})
NUMBERS = re.compile(
    r"(wc|nproc|tput)( .*)?"
    r"|grep (?!(.* )?-\w*[rRH])(-\w+ )*-\w*c( -\w+)* \S+( [^\s*?\[]+)?|expr \$?\w+ \\?[-+*/%] \$?\w+"
    r"|date( -\w)* \+%[a-zA-Z]|seq( -?\d+)+|echo -?\d+|stat -(c|f) ?%[sYz] \S+|git rev-list --count .*"
    r"|jq (-r )?length.*",
    re.DOTALL,
)
"""Calls that print numbers, and no more."""

TRIMS = re.compile(r"tr -d \S+|tr -d ' '|xargs")
"""What stands behind one of them only for its blanks."""


def runs_by_arithmetic(nodes: Sequence[Node]) -> bool:
    """Whether a name, or an output, that arithmetic evaluates may be anything but a number."""
    regions = list(_regions(nodes))
    if not regions:
        return False
    texts = [INNER.sub("", SIZE.sub("", text)) for _, text in regions]
    if any(GIVEN.search(text) for text in texts):
        return True
    odd, copies = _set(nodes)
    for _ in copies:
        odd |= {name for name, of in copies if of in odd}
    if odd & {name for text in texts for name in NAME.findall(text)}:
        return True
    return any(_prints_more(one) and _within(one, {node.id for node, _ in regions}) for one in nodes)


def _regions(nodes: Sequence[Node]) -> Iterator[tuple[Node, str]]:
    """What is evaluated: the nodes, and the text in each."""
    keyed = {one.words[-1].text for one in map(command_of, _of(nodes, DECLARES)) if _has_flag(one.words, "A")}
    for node in nodes:
        source = source_of(node)
        match node.type:
            case "arithmetic_expansion":
                yield node, source
            case "compound_statement" if source.startswith("(("):
                yield node, source
            case "c_style_for_statement":
                yield from ((one, source_of(one)) for one in node.children if one.type != "do_group")
            case "subscript":
                name, _, index = source.partition("[")
                if name not in keyed and index not in ("@]", "*]"):
                    yield node, index
            case "array" if not _is_keyed(node):
                yield from ((node, index) for index in re.findall(r"(?<![\w\]])\[([^\]]+)\]\+?=", source))
            case "expansion" if (offset := OFFSET.fullmatch(source)) is not None:
                yield node, offset[1]
            case "binary_expression" | "unary_expression":
                if any(one.type == "test_operator" and source_of(one) in COMPARES for one in node.children):
                    yield node, source
            case "command" if source.startswith("let "):
                yield node, source[4:]
            case "command" if re.match(r"(test|\[) .*-[vR] ", source):
                yield node, source
            case "declaration_command" if _has_flag(command_of(node).words, "i"):
                yield node, source


def _set(nodes: Sequence[Node]) -> tuple[set[str], list[tuple[str, str]]]:
    """The variables that may be set to anything, and those that are set to what another one is."""
    odd: set[str] = set()
    copies: list[tuple[str, str]] = []
    for node in nodes:
        if node.type == "variable_assignment":
            name = source_of(node.child_by_field_name("name") or node).partition("[")[0]
            values = [node.child_by_field_name("value")]
        elif node.type == "for_statement":
            name = source_of(node.child_by_field_name("variable") or node)
            values = [*node.children_by_field_name("value")]
        elif node.type == "command" and (words := command_of(node).words)[0].text in FILLS:
            odd |= {"REPLY", "MAPFILE", *(word.text for word in words[1:])}
            continue
        else:
            continue
        odd |= set() if values else {name}
        for value in values:
            if value is None or _is_number(value):
                continue
            copied = COPY.fullmatch(source_of(value))
            copies += [(name, copied[1])] if copied is not None else []
            odd |= set() if copied is not None else {name}
    return odd, copies


def _is_number(node: Node) -> bool:
    source = source_of(node)
    if NUMBER.fullmatch(source) or SIZE.fullmatch(source):
        return True
    match node.type:
        case "arithmetic_expansion":
            return True
        case "command_substitution":
            return not _prints_more(node)
        case "string" | "array":
            inner = [one for one in node.children if one.is_named]
            return all(_is_number(one) for one in inner)
        case "brace_expression" | "concatenation":
            return re.fullmatch(r"\{-?\d+\.\.-?\d+\}", source) is not None
    return False


def _prints_more(node: Node) -> bool:
    """Whether a substitution may give anything else than a number."""
    if node.type != "command_substitution":
        return False
    parts = [one for one in node.children if one.is_named]
    if len(parts) == 1 and parts[0].type == "redirected_statement":
        parts = parts[0].children[:1]
    if len(parts) == 1 and parts[0].type == "pipeline":
        piped = [one for one in parts[0].children if one.is_named]
        while len(piped) > 1 and TRIMS.fullmatch(source_of(piped[-1])):
            del piped[-1]
        parts = piped[-1:]
    is_call = len(parts) == 1 and parts[0].type == "command"
    return not is_call or NUMBERS.fullmatch(command_of(parts[0]).line) is None


def _is_keyed(array: Node) -> bool:
    """Whether an array is one by names: what stands in its brackets is no arithmetic."""
    above = array.parent.parent if array.parent is not None else None
    return above is not None and above.type in DECLARES and _has_flag(command_of(above).words, "A")


def _within(node: Node, regions: set[int]) -> bool:
    above = node.parent
    while above is not None and above.type not in ("command_substitution", "program"):
        if above.id in regions:
            return True
        above = above.parent
    return False


def _of(nodes: Sequence[Node], kinds: frozenset[str]) -> Iterator[Node]:
    return (one for one in nodes if one.type in kinds)


def _has_flag(words: Sequence[Word], flag: str) -> bool:
    return any(re.match(rf"-\w*{flag}", word.text) for word in words[1:])
