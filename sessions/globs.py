"""VS Code's glob patterns as regular expressions over paths with `/` between the names. It reads no folder.

They match in about linear time whatever the pattern: a star gives nothing back once what follows it was found.
"""

from __future__ import annotations

import re

from sessions.errors import InvalidValue

LONGEST = 4_096
"""Characters of a pattern."""
MOST = 256
"""Patterns that the braces of one may stand for."""
MOST_SPREAD = 8_192
"""Characters of all of these together: making them ready takes long, and each part may stand in all of them."""

_PARTS = re.compile(r"\*+|\?|\[[^/][^\]/]*\]|[^*?\[]+|\[")
_CHARACTERS = re.compile(".-.|.", re.DOTALL)


class Glob:
    """A pattern that is made ready in the thread that first asks it: for a long one that takes some milliseconds."""

    __slots__ = ("_glob", "_ready")

    def __init__(self, glob: object, field: str = "glob") -> None:
        """Raises `InvalidValue` as `checked` does."""
        self._glob = checked(glob, field)
        self._ready: re.Pattern[str] | None = None

    def ready(self) -> re.Pattern[str]:
        """It as a regular expression. Ask for that in a thread before it is asked on the loop."""
        if self._ready is None:
            self._ready = compiled(self._glob)
        return self._ready

    def fullmatch(self, path: str) -> bool:
        """Whether it means the whole of a relative path."""
        return self.ready().fullmatch(path) is not None


def compiled(glob: str) -> re.Pattern[str]:
    """What matches whole relative paths as `glob` does: `*`, `**`, `?`, `[a-z]`, `[!a]` and `{one,two}`."""
    try:
        return re.compile("|".join(_whole(one) for one in _spread(glob)), re.DOTALL)
    except re.error:
        return re.compile(re.escape(glob))  # such as `[z-a]`: it means itself


def checked(glob: object, field: str = "glob") -> str:
    """`glob` if it can be one; raises `InvalidValue` of what is no text, holds NUL or is too long."""
    if not isinstance(glob, str):
        raise InvalidValue(field, f"must be a string, not {type(glob).__name__}")
    if "\0" in glob or len(glob) > LONGEST:
        raise InvalidValue(field, f"must be a pattern of at most {LONGEST} characters without NUL; shorten it")
    _spread(glob, field)
    return glob


def is_plain(glob: str) -> bool:
    """Whether a pattern is simply a path."""
    return not set("*?[{") & set(glob)


def _spread(glob: str, field: str = "glob") -> list[str]:
    """The patterns without braces that it stands for; itself where its braces do not close."""
    done: list[str] = []
    left = [glob]
    while left:
        one = left.pop()
        if len(done) + len(left) > MOST:
            raise InvalidValue(field, f"stands for more than {MOST} patterns; use fewer braces")
        found = _first_braces(one)
        if found is None:
            done.append(one)
        else:
            begin, end, choices = found
            left += [one[:begin] + choice + one[end:] for choice in reversed(choices)]
    if len(done) > 1 and sum(map(len, done)) > MOST_SPREAD:
        raise InvalidValue(field, f"stands for patterns of more than {MOST_SPREAD} characters; use fewer braces")
    return done


def _first_braces(glob: str) -> tuple[int, int, list[str]] | None:
    """From where to where the first braces that close are, and the choices in them."""
    begin = glob.find("{")
    depth, choices, last = 0, [], begin + 1
    for at in range(begin, len(glob)) if begin >= 0 else ():
        depth += {"{": 1, "}": -1}.get(glob[at], 0)
        if (glob[at] == "," and depth == 1) or depth == 0:
            choices.append(glob[last:at])
            last = at + 1
        if depth == 0:
            return begin, at + 1, choices
    return None


def _whole(glob: str) -> str:
    """A pattern without braces: groups of names with any names between them, where `**` stands alone."""
    groups: list[list[str]] = [[]]
    for name in glob.split("/"):
        if name == "**":
            groups += [[]] if groups[-1] or len(groups) == 1 else []
        else:
            groups[-1].append(_name(name))
    first, *rest = ("/".join(group) for group in groups)
    if not rest:
        return first
    if rest == [""]:
        return f"{first}(?:/.*)?" if first else ".*"
    begin = f"{first}/" if first else ""
    *between, last = rest if rest[-1] else rest[:-1]
    begin += "".join(f"(?>(?:.*?/)??{group}/)" for group in between)
    return f"{begin}(?:.*/)?{last}" if rest[-1] else f"{begin}(?:.*?/)??{last}(?:/.*)?"


def _name(pattern: str) -> str:
    words, stars = [""], 0
    for part in _PARTS.findall(pattern):
        if part[0] == "*":
            stars += 1
            words.append("")
        else:
            words[-1] += _spelled(part)
    first, *between = words
    if not between:
        return first
    return first + "".join(f"(?>[^/]*?{one})" for one in between[:-1]) + "[^/]*" + between[-1]


def _spelled(part: str) -> str:
    if part == "?":
        return "[^/]"
    if part[0] == "[" and len(part) > 1:
        none_of = part[1] in "!^"
        inside = _CHARACTERS.sub(_of_set, part[2 if none_of else 1 : -1])
        return f"[^/{inside}]" if none_of else f"[{inside}]"
    return re.escape(part)


def _of_set(found: re.Match[str]) -> str:
    """A character of a set, or a range: only a `-` between two means one, and nothing joins or subtracts sets."""
    return "-".join(map(re.escape, found[0][::2]))
