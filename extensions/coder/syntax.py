"""Nodes of bash's grammar as the words and commands that they are for the shell. Nothing is run here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

GLOB = re.compile(r"(?<!\\)[*?\[]")

BRACES = re.compile(r"\{.*(,|\.\.).*\}", re.DOTALL)
"""What may be several words; `@{u}..` and `{}` are one."""

DECLARES = frozenset({"declaration_command", "unset_command"})
"""Calls of the shell's own words for variables."""

LINES = frozenset({"pipeline", "list", "negated_command"})
"""Statements whose last part may be the command that a redirection behind them is of."""

HERE = re.compile(r"\$(?:PWD\b|\{PWD\}|\(pwd\))")
"""Where the line runs."""

CLOSES = frozenset({">&-", "<&-"})
"""Redirections without a target."""


_NAMED = r"[\w@][\w./~^@{}-]*"
NOTHING = (
    rf"\$\(git rev-parse(?: --(?:short|verify|abbrev-ref|show-toplevel))*(?: {_NAMED})?\)"
    rf"|\$\(git merge-base(?: --fork-point)?(?: {_NAMED})+\)"
)
"""What git calls a commit, and where it fails nothing."""

VANISHING = re.compile(rf"(?:{NOTHING})+")
"""A word of which nothing may be left."""

KNOWN = re.compile(
    rf"{NOTHING}|\$\(nproc\)|\$\(\([\w$ +*/%()-]+\)\)|(?:^|(?<=^\"))(?:\$PWD\b|\$\{{PWD\}}|\$\(pwd\))(?=[/\"]|$)"
)
"""What a number, a commit or a folder comes of.

A folder with a blank in its name is several words where it is not quoted: `places` looks for that.
"""

BARED = re.compile(
    rf"\"*(?:(?:(?:{NOTHING}|\$\(nproc\))\"*)+[-$`*?\[{{]|(?:(?:{NOTHING})\"*)*\$\(git rev-parse[\w -]* --abbrev-ref)"
)
"""A word that may begin with a dash where what is before it comes to nothing, or a branch is called so."""

ECHOED = re.compile(r"[\w./@:][\w./@:-]*")
"""A word that `echo` says as it is, and that is no option and no pattern."""

NESTED = 4
"""How many substitutions in one another are looked into for what `echo` says."""

LONGEST_SAID = 1_000
"""Characters of such a substitution."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the program would get it where it is `literal`; else as it is written."""

    text: str
    literal: bool = True
    splits: bool = False
    """Whether the shell may make several words, or names of files, of it."""
    values: tuple[str, ...] = ()
    """What it may be, where it is made of a loop's variables and that is known; see `loops`."""
    sets: bool = False
    """It is an assignment to the shell, and told as one that the line makes."""


class Assigned(NamedTuple):
    """A variable that is set, and what to, where that can be read; `is_passed`: programs get it."""

    name: str
    value: str | None = None
    is_passed: bool = False


@dataclass(slots=True)
class Command:
    """One program that would start: its words (the first is its name) and what is set for it alone."""

    words: list[Word]
    source: str
    assigned: list[Assigned] = field(default_factory=list)
    fed: str | None = None
    """What it reads: the text of a here-document, where the shell puts nothing into it."""

    @property
    def name(self) -> str | None:
        """The program's name without its folder; None where only the shell will know it."""
        first = self.words[0]
        return first.text.rsplit("/", 1)[-1] if first.literal else None

    def near(self, folders: Sequence[str], *, is_name: bool = False) -> Command:
        """The command, with what it names in one of the folders spelled from there: `./a` for `/workspace/a`.

        With `is_name` the program itself, too.
        """
        if not folders:
            return self
        places = "|".join(re.escape(one.rstrip("/")) for one in sorted(folders, key=len, reverse=True) if len(one) > 1)
        place = re.compile(rf"(^|(?<==)|(?<=^-[A-Za-z]))({places or '(?!)'})(?=/|$)(?!.*/\.\.(/|$))")
        words = [Word(place.sub(".", one.text), True, one.splits) if one.literal else one for one in self.words[1:]]
        first = self.words[0]
        if is_name and first.literal:
            first = Word(place.sub(".", first.text))
        return Command([first, *words], self.source, self.assigned, self.fed)

    @property
    def line(self) -> str:
        """The words, one space between them."""
        return " ".join(word.text for word in self.words)


def command_of(node: Node) -> Command:
    """A `command` node, or one of the shell's own: its words, those behind its redirections too, and its variables."""
    if node.type in DECLARES:
        return Command([Word(source_of(node.children[0])), *words_of(node.children[1:])], source_of(node))
    words: list[Word] = []
    assigned: list[Assigned] = []
    for child in node.children:
        if child.type == "variable_assignment":
            assigned.append(assigned_by(child, is_passed=True))
        elif child.type == "command_name":
            words.append(_name(child))
        elif child.type == "subshell" and words and words[0] == Word("time"):
            continue  # its programs are told by themselves
        elif child.is_named and not child.type.endswith("_redirect"):
            words += words_of([child])
    words += words_of(behind_redirects(_redirected(node)))
    return Command(words or [Word("", literal=False)], source_of(node), assigned, _fed(node))


def assigned_by(node: Node, *, is_passed: bool = False) -> Assigned:
    """What a `variable_assignment` node sets."""
    name = source_of(node.child_by_field_name("name") or node).split("[", 1)[0]
    given = node.child_by_field_name("value")
    value = Word("") if given is None else word_of(given)
    is_known = value.literal and not value.splits
    return Assigned(name, value.text if is_known else _placed(name, value.text), is_passed)


def _placed(name: str, text: str) -> str | None:
    """A value that only adds to what the variable was, or begins where the line runs; None for any other."""
    text = re.sub(rf"\$(?:{name}\b|\{{{name}\}})", "", HERE.sub("./", text.replace('"', "")))
    return text.replace("//", "/") if re.fullmatch(r"[\w./:@+-]+", text) else None


def _redirected(command: Node) -> Node | None:
    """The statement whose redirections are the command's: the grammar puts a whole `a | b` or `a && b` before them."""
    node, above = command, command.parent
    while above is not None and above.type in LINES and above.children[-1] == node:
        node, above = above, above.parent
    return above if above is not None and above.type == "redirected_statement" and above.children[0] == node else None


def last_of(node: Node, kinds: Collection[str]) -> Node:
    """The last part of a node that is of one of the kinds, and so on."""
    while node.type in kinds and node.children:
        node = node.children[-1]
    return node


def behind_redirects(statement: Node | None) -> list[Node]:
    """Words that stand behind a redirection: the grammar takes them for more of its target, the shell for arguments."""
    found: list[Node] = []
    for one in statement.children if statement is not None else ():
        if one.type == "file_redirect":
            closes = any(part.type in CLOSES for part in one.children)
            found += one.children_by_field_name("destination")[0 if closes else 1 :]
        elif one.type == "heredoc_redirect":
            found += [*one.children_by_field_name("argument"), *behind_redirects(one)]
    return found


def _fed(command: Node) -> str | None:
    """The text of the one here-document of a command, if it is known as it stands."""
    statement = _redirected(command)
    redirects = statement.children[1:] if statement is not None else []
    documents = [one for one in redirects if one.type == "heredoc_redirect"]
    if len(documents) != 1 or len(redirects) != 1:
        return None
    parts = {one.type: source_of(one) for one in documents[0].children}
    quoted = any(one in parts.get("heredoc_start", "") for one in "'\"\\")
    text = parts.get("heredoc_body", "")
    return text if quoted or not re.search(r"[$`\\]", text) else None


def words_of(nodes: list[Node]) -> list[Word]:
    """The words among nodes."""
    found: list[Word] = []
    for node in nodes:
        if node.type == "command_substitution":
            said = echoed(node)  # once: what is in it may hold others
            found += map(Word, said) if said else [Word(source_of(node), literal=False, splits=True)]
        elif node.is_named:
            found.append(word_of(node))
    return found


def echoed(node: Node) -> list[str] | None:
    """The words that `$(echo a b)` comes to; None of another node."""
    if node.type != "command_substitution" or node.end_byte - node.start_byte > LONGEST_SAID:
        return None
    if source_of(node).count("$(") + source_of(node).count("`") > 2 * NESTED:
        return None
    inner = [one for one in node.children if one.is_named]
    if len(inner) != 1 or inner[0].type != "command" or any(_redirects_or_sets(one) for one in inner[0].children):
        return None
    name, *words = command_of(inner[0]).words
    is_known = all(one.literal and not one.splits and ECHOED.fullmatch(one.text) for one in words)
    return [one.text for one in words] if name == Word("echo") and words and is_known else None


def _redirects_or_sets(node: Node) -> bool:
    return node.type.endswith("_redirect") or node.type == "variable_assignment"


def _name(node: Node) -> Word:
    """A command's name: what the shell would still expand (`~`, globs, braces) or has expanded is not literal here."""
    word = word_of(node.children[0]) if node.children else Word(source_of(node), literal=False)
    is_plain = not any(one in word.text for one in "*?[]{}~!") and not any(one in source_of(node) for one in "$`")
    return word if is_plain else Word(word.text, literal=False)


def word_of(node: Node) -> Word:
    """What the program would get for a word."""
    source = source_of(node)
    match node.type:
        case "word" | "number":
            return Word(_unescaped(source), literal="\n" not in source, splits=GLOB.search(source) is not None)
        case "variable_name":
            return Word(source)
        case "raw_string":
            return Word(source[1:-1])
        case "string":
            return _string(node, source)
        case "concatenation":
            parts = [word_of(child) for child in node.children]
            braces = any(child.type == "word" and source_of(child) == "{" for child in node.children)
            braces = braces and BRACES.search(source) is not None
            known = not braces and all(part.literal for part in parts)
            return Word("".join(part.text for part in parts), known, braces or any(part.splits for part in parts))
        case "ansi_c_string" if not re.search(r"\\[^nt\\'\"]", source):
            return Word(re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), source[2:-1]))
        case "arithmetic_expansion" | "process_substitution" | "ansi_c_string" | "translated_string":
            return Word(source, literal=False)
        case "variable_assignment":
            return Word(source, literal=False, splits=True, sets=True)
        case "command_substitution" if (said := echoed(node)) is not None and len(said) == 1:
            return Word(said[0])
        case _:
            return Word(source, literal=False, splits=True)


def _string(node: Node, source: str) -> Word:
    whole, text, at = node.text or b"", "", 1
    for child in node.children:
        if not child.is_named or child.type == "string_content":
            continue
        if (said := echoed(child)) is None:
            return Word(source, literal=False)
        text += whole[at : child.start_byte - node.start_byte].decode("utf-8", "replace") + " ".join(said)
        at = child.end_byte - node.start_byte
    text += whole[at:-1].decode("utf-8", "replace")
    for escaped in '\\$`"':
        text = text.replace("\\" + escaped, escaped) if escaped != "\\" else text
    return Word(text, literal="\\" not in text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.?)", r"\1", text, flags=re.DOTALL)


def source_of(node: Node) -> str:
    """A node as it is written."""
    return (node.text or b"").decode("utf-8", "replace")
