"""A shell command line read by bash's grammar: which programs it would start, with what words. Nothing is run here.

What the grammar does not know, and what two readers of the same line might read differently, is told as `doubts`:
whoever decides on the command by this must then ask.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from extensions.coder.arithmetic import runs_by_arithmetic
from extensions.coder.loops import in_loops
from extensions.coder.syntax import (
    CLOSES,
    DECLARES,
    LINES,
    Assigned,
    Command,
    Word,
    assigned_by,
    behind_redirects,
    command_of,
    last_of,
    source_of,
    word_of,
)

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

LONGEST = 20_000
"""Characters of a command line that is read at all."""

DEEPEST = 300
"""Parts in one another: what is around a part takes the longer to find the deeper it is."""

KNOWN = frozenset({
    "program", "list", "pipeline", "command", "command_name", "word", "number", "string", "string_content",
    "raw_string", "ansi_c_string", "translated_string", "concatenation", "simple_expansion", "expansion",
    "variable_name", "special_variable_name", "subscript", "array", "variable_assignment", "variable_assignments",
    "command_substitution", "process_substitution", "arithmetic_expansion", "binary_expression", "unary_expression",
    "postfix_expression", "ternary_expression", "parenthesized_expression", "test_operator", "regex", "extglob_pattern",
    "redirected_statement", "file_redirect", "file_descriptor", "herestring_redirect", "heredoc_redirect",
    "heredoc_start", "heredoc_body", "heredoc_content", "heredoc_end", "subshell", "compound_statement",
    "if_statement", "elif_clause", "else_clause", "while_statement", "for_statement", "c_style_for_statement",
    "case_statement", "case_item", "do_group", "negated_command", "test_command", "declaration_command",
    "unset_command", "function_definition", "brace_expression", "comment",
})  # fmt: skip

UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that hide others or turn them round: a person would be shown another line."""

JOINED = re.compile(r"\S\\\r?\n\S")
"""A word that the shell joins over a line's end, and the grammar takes for two."""

SUBSTITUTION = re.compile(r"\$\((?!\()|`")
ASSIGNMENT = re.compile(r"\b[A-Z_][A-Z_0-9]*\s*(([-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(\+\+|--)[A-Z_]")
SWALLOWING = frozenset({"expansion", "regex", "extglob_pattern", "word", "number", "test_operator"})
"""What the grammar takes whole, whatever is in it."""

HIDDEN = re.compile(r"\[[^\]]*['\"\\].*?(\$\(|`).*?\]\+?=", re.DOTALL)
"""A subscript in an array's words that quotes a substitution, which arithmetic runs all the same."""

DELIMITER = re.compile(r"(['\"]?)[\w.+:@%!-]+\1|\\\w+")
BLANK = re.compile(r"(?<!\\)\s")
ARITHMETIC = ("arithmetic_expansion", "compound_statement", "c_style_for_statement")
QUOTED = frozenset({"raw_string", "string", "ansi_c_string"})
NETWORK = ("/dev/tcp/", "/dev/udp/")
"""Files that only bash has: they are connections."""

OUTPUTS = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})


@dataclass(slots=True)
class Script:
    """A command line: its programs in the order written, files that it reads and writes by `<` and `>`.

    `assigned` are the variables that it sets for all of them; what is set for one program alone is with that one.
    """

    commands: list[Command] = field(default_factory=list)
    reads: list[Word] = field(default_factory=list)
    writes: list[Word] = field(default_factory=list)
    assigned: list[Assigned] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    evaluates: bool = False
    """Its arithmetic may run what a variable holds: what that is, only the shell will know."""
    root: Node | None = None
    """The line in bash's grammar."""


@lru_cache(maxsize=1)
def _language() -> Language:
    import tree_sitter_bash
    from tree_sitter import Language

    return Language(tree_sitter_bash.language())


def _parser() -> Parser:
    """A parser of one's own: a shared one is not for several threads."""
    from tree_sitter import Parser

    return Parser(_language())


def read(line: str) -> Script:
    """The command line, read."""
    script = Script()
    if len(line) > LONGEST:
        script.doubts.append(f"it is longer than {LONGEST} characters")
        return script
    if UNSEEN.search(line) or "\r" in line.replace("\r\n", ""):
        script.doubts.append("it holds characters that are not seen")
    if JOINED.search(line):
        script.doubts.append("it goes on in the next line within a word")
    root = _parser().parse(line.encode("utf-8", "replace")).root_node
    nodes = _all(root)
    if nodes is None:
        script.doubts.append(f"more than {DEEPEST} of its parts are in one another")
        return script
    script.root = root
    _walk(nodes, script)
    return script


def _walk(nodes: Sequence[Node], script: Script) -> None:
    """Visit every node, in the order written: substitutions in strings, here-documents and arithmetic too."""
    for node in nodes:
        if node.is_error or node.is_missing:
            script.doubts.append(f"{source_of(node)[:60]!r} is not understood")
        elif node.is_named and node.type not in KNOWN:
            script.doubts.append(f"{node.type.replace('_', ' ')} is not understood")
        else:
            _note(node, script)
    _note_unseen(nodes, script)
    script.evaluates = runs_by_arithmetic(nodes)


def _all(root: Node) -> list[Node] | None:
    """The node and all below it, in the order written; None where they are too deep in one another."""
    found: list[Node] = []
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            return None
        found.append(node)
        waiting.extend((child, depth + 1) for child in reversed(node.children))
    return found


def _note(node: Node, script: Script) -> None:
    kind = node.type
    if kind.endswith("_redirect"):
        _note_number(node, script)
    if kind == "command" or kind in DECLARES:
        script.commands.append(in_loops(command_of(node), node))
    elif kind == "file_redirect":
        _note_redirect(node, script)
    elif kind == "variable_assignment" and (node.parent is None or node.parent.type != "command"):
        declares = node.parent is not None and node.parent.type in DECLARES
        script.assigned.append(assigned_by(node, is_passed=declares))
    elif kind == "expansion":
        _note_expansion(source_of(node), script)
    elif kind == "word" and BLANK.search(source_of(node)):
        script.doubts.append(f"{source_of(node)[:60]!r} is not one word")
    elif kind == "for_statement":
        script.assigned.append(Assigned(source_of(node.child_by_field_name("variable") or node)))
    elif kind in ARITHMETIC and ASSIGNMENT.search(source_of(node)):
        script.doubts.append("it sets a variable by arithmetic")
    elif kind == "array" and HIDDEN.search(source_of(node)):
        script.doubts.append("the subscripts of its array may run what is quoted in them")
    elif kind == "command_substitution" and source_of(node).startswith("`") and "\\" in source_of(node):
        script.doubts.append("its backquotes hold escapes")
    elif kind == "heredoc_redirect":
        _note_document(node, script)
    elif kind == "redirected_statement":
        if last_of(node.children[0], LINES).type != "command" and behind_redirects(node):
            script.doubts.append("words behind its redirection are not understood")
    elif kind == "function_definition":
        script.doubts.append("it defines a function, which may bear the name of a program")
    elif kind == "herestring_redirect" and any(one.type == "command_substitution" for one in node.children):
        script.doubts.append("it feeds a program another one's output by <<<")


def _note_unseen(nodes: Sequence[Node], script: Script) -> None:
    """What the grammar takes for mere text in expansions and conditions, and a shell may run."""
    runs = [one.start_byte for one in nodes if one.type == "command_substitution"]
    quotes = [(one, source_of(one)) for one in nodes if one.type in QUOTED]
    texts = [one.start_byte for one, text in quotes if _may_run(text)]
    hidden = [one.start_byte for one, text in quotes if one.type != "string" and SUBSTITUTION.search(text)]
    for node in nodes:
        if node.type in SWALLOWING and SUBSTITUTION.search(source_of(node)) and not _holds(node, runs):
            script.doubts.append(f"its {node.type.replace('_', ' ')} holds a substitution that is not understood")
        elif node.type == "test_command" and _holds(node, texts):
            script.doubts.append("its condition may run what is quoted in it")
        elif node.type in (*ARITHMETIC, "subscript") and _holds(node, hidden):
            script.doubts.append("its arithmetic may run what is quoted in it")


def _may_run(text: str) -> bool:
    return "[" in text and SUBSTITUTION.search(text) is not None


def _holds(node: Node, places: Sequence[int]) -> bool:
    """Whether one of the places, which are sorted, is in the node."""
    at = bisect_left(places, node.start_byte)
    return at < len(places) and places[at] < node.end_byte


def _note_expansion(source: str, script: Script) -> None:
    inner = source[2:-1]
    if inner.startswith("!"):
        script.doubts.append(f"{source} names its variable by another one")
    elif "@" in inner and inner.rsplit("@", 1)[-1] in tuple("PQEAaKkUuL"):
        script.doubts.append(f"{source} may run what the variable holds")
    elif "\\" in inner:
        script.doubts.append(f"{source} holds escapes")
    if (given := re.match(r"(\w+)(\[.*?\])?:?=", inner)) is not None:
        script.assigned.append(Assigned(given[1]))


def _note_document(node: Node, script: Script) -> None:
    """A here-document is expanded unless its delimiter is quoted; the grammar does not see every substitution there."""
    start = next((source_of(one) for one in node.children if one.type == "heredoc_start"), "")
    body = "".join(source_of(one) for one in node.children if one.type == "heredoc_body")
    end = next((source_of(one).strip() for one in node.children if one.type == "heredoc_end"), "")
    if not DELIMITER.fullmatch(start) or re.sub(r"['\"\\\\]", "", start) != end:
        script.doubts.append("where its here-document ends is not understood")
    quoted = any(one in start for one in "'\"\\")
    seen = [one for one in node.children if one.type == "heredoc_body" for one in one.children]
    known = sum(one.type == "command_substitution" for one in seen)
    if not quoted and ("`" in body or len(re.findall(r"\$\((?!\()", body)) > known):
        script.doubts.append("its here-document holds a substitution that is not understood")


def _note_number(node: Node, script: Script) -> None:
    """A number that the grammar takes for an argument, and the shell for what is redirected."""
    before = last_of(node.prev_sibling, LINES | {"command"}) if node.prev_sibling is not None else node
    if before.end_byte == node.start_byte and re.fullmatch(r"\d+|\{\w+\}", source_of(before)):
        script.doubts.append(f"{source_of(before)} before its redirection is not understood")


def _note_redirect(node: Node, script: Script) -> None:
    operator = next((one.type for one in node.children if one.type in OUTPUTS), None)
    target = node.child_by_field_name("destination")
    if target is None or any(one.type in CLOSES for one in node.children):
        return
    word = word_of(target)
    if word.text.startswith(NETWORK):
        script.doubts.append("it opens a connection")
    if operator in (None, "<>"):
        script.reads.append(word)
    if operator is None:
        return
    if operator == ">&" and (word.text.isdigit() or word.text == "-"):
        return
    if not (word.literal and word.text in ("/dev/null", "/dev/stdout", "/dev/stderr")):
        script.writes.append(word)


def is_zsh(line: str) -> bool:
    """Whether the line uses what only zsh runs: `=(...)` and `(e:...:)`. Arrays (`x=(...)`) are no such thing."""
    return any(at > 0 and line[at - 1] in "*?+@!" for at in _places(line, "(e:")) or any(
        at == 0 or line[at - 1].isspace() for at in _places(line, "=(")
    )


def _places(line: str, part: str) -> list[int]:
    places, at = [], line.find(part)
    while at >= 0:
        places.append(at)
        at = line.find(part, at + 1)
    return places
