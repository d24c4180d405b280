"""What is searched for in texts, as the command line of ripgrep. It starts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from sessions.errors import InvalidValue
from shim import encodings
from shim.values import Value, value

LONGEST = 10_000
"""Characters of a pattern."""

ALWAYS = (
    "--json", "--no-config", "--no-messages", "--hidden", "--no-follow", "--no-require-git", "--no-ignore-parent",
    "--no-ignore-global", "--crlf", "--threads=2", "--regex-size-limit=10M",
)  # fmt: skip

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$#&~-]")
"""What means something else in a regular expression. Of others a backslash is none, or a mistake (`\\<`, `\\é`)."""

_SIMPLE = re.compile(r"(?:[\w.@+ *?-]|\{[\w.@+ *?,-]*\})+")
"""A name of a glob that means the same to ripgrep."""

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "utf8bom": "utf-8", "utf16le": "utf-16le", "utf16be": "utf-16be", "macroman": "macintosh",
        "shiftjis": "shift_jis", "eucjp": "euc-jp", "euckr": "euc-kr", "big5hkscs": "big5-hkscs",
    }
)  # fmt: skip
"""What ripgrep calls encodings whose names it does not take from VS Code or Python."""


@value
class TextSearchQuery(Value):
    """What is looked for: a text, or a regular expression as Rust has them, which has no look-around and never hangs.

    Case is ignored if not told otherwise. A match goes over several lines with `is_multiline`, or where the pattern of
    a plain text has a line break.
    """

    pattern: str
    is_reg_exp: bool = False
    is_case_sensitive: bool = False
    is_word_match: bool = False
    is_multiline: bool = False

    def check(self) -> None:
        if not isinstance(self.pattern, str) or not self.pattern or len(self.pattern) > LONGEST:
            raise InvalidValue("query.pattern", f"must be a text of 1 to {LONGEST} characters")
        if "\0" in self.pattern:
            raise InvalidValue("query.pattern", "must not hold NUL: files that hold one are no text")
        try:
            self.pattern.encode()
        except UnicodeEncodeError:
            raise InvalidValue("query.pattern", "must not hold half of a surrogate pair") from None


def command_line(
    query: TextSearchQuery,
    *,
    include: str | None,
    exclude: Sequence[str],
    context: int,
    encoding: str,
    use_ignore_files: bool,
) -> list[str]:
    """The arguments for the search of `.`, the program's name not included.

    The globs only spare ripgrep some files, where they mean the same to it; who reads what it says asks them again.
    """
    words = [*ALWAYS, "--case-sensitive" if query.is_case_sensitive else "--ignore-case"]
    words += [] if use_ignore_files else ["--no-ignore"]
    words += [f"--context={context}"] if context else []
    words += [f"--encoding={_label(encoding)}"] if encoding != "utf8" else []
    words += [f"--glob=!{glob}" for given in exclude for glob in _anchored(given)]
    words += _named(include)
    return [*words, *_wanted(query), "--", "."]


def command_line_of_text(query: TextSearchQuery, *, context: int) -> list[str]:
    """The arguments for the search of a text in UTF-8 that comes on stdin."""
    words = [*ALWAYS, "--case-sensitive" if query.is_case_sensitive else "--ignore-case"]
    words += [f"--context={context}"] if context else []
    return [*words, *_wanted(query), "--", "-"]


def _wanted(query: TextSearchQuery) -> list[str]:
    words = ["--word-regexp"] if query.is_word_match else []
    words += ["--multiline"] if is_multiline(query) else []
    return [*words, *_pattern(query)]


def is_multiline(query: TextSearchQuery) -> bool:
    """Whether a match may go over several lines."""
    return query.is_multiline or (not query.is_reg_exp and "\n" in query.pattern)


def _pattern(query: TextSearchQuery) -> list[str]:
    if query.is_reg_exp:
        return [f"--regexp={query.pattern}"]
    lines = query.pattern.replace("\r\n", "\n").split("\n")
    if len(lines) == 1:
        return ["--fixed-strings", f"--regexp={query.pattern}"]
    return ["--regexp=" + r"\r?\n".join(_SPECIAL.sub(r"\\\g<0>", one) for one in lines)]


def _label(encoding: str) -> str:
    encodings.checked(encoding)
    label = _LABELS.get(encoding, encodings.CODECS[encoding])
    if encoding == "cp437":
        raise InvalidValue("encoding", "cp437 cannot be searched; name another, or none")
    return label


def _anchored(glob: str) -> Iterator[str]:
    """A glob as ripgrep has it from the folder that is searched; nothing where it may mean something else there."""
    if all(name == "**" or ("**" not in name and _SIMPLE.fullmatch(name)) for name in glob.split("/")):
        yield f"/{glob}"


def _named(include: str | None) -> list[str]:
    """Only files with the last name of a glob, where it has one. Unlike `--glob` this leaves ignored files ignored."""
    name = "**" if include is None else include.rpartition("/")[2]
    if "**" in name or name == "*" or not _SIMPLE.fullmatch(name):
        return []
    return [f"--type-add=wanted:{name}", "--type=wanted"]
