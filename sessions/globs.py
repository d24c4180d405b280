"""VS Code's glob patterns as regular expressions over paths with `/` between the names. It reads no folder."""

from __future__ import annotations

import re

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^\]/]+\]|[{},]|[^*?\[{},]+|\[")


def compiled(glob: str) -> re.Pattern[str]:
    """What matches whole relative paths as `glob` does: `*`, `**`, `?`, `[a-z]`, `[!a]` and `{one,two}`."""
    words, depth = "", 0
    for part in _PARTS.findall(glob):
        if part == "{":
            depth += 1
        elif part == "}":
            depth -= 1
        words += _spelled(part, depth)
        if depth < 0:
            break
    try:
        return re.compile(words if depth == 0 else re.escape(glob), re.DOTALL)
    except re.error:
        return re.compile(re.escape(glob))  # such as `[z-a]`: it means itself


def is_plain(glob: str) -> bool:
    """Whether a pattern is simply a path."""
    return not set("*?[{") & set(glob)


def _spelled(part: str, depth: int) -> str:
    match part:
        case "**/":
            return "(?:.*/)?"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "{":
            return "(?:"
        case "}":
            return ")"
        case "," if depth > 0:
            return "|"
        case _ if part.startswith("[") and len(part) > 1:
            inside = part[1:-1].replace("\\", "\\\\")
            return f"[^/{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
        case _:
            return re.escape(part)
