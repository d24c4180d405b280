"""Names of MCP servers' tools: `mcp--server--tool`, as models may call them. Roo Code's; values only.

Models change what they call: `mcp__server__get_user` is meant to be `mcp--server--get-user`. Names are compared so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

PREFIX = "mcp"
SEPARATOR = "--"
LONGEST = 64
"""Characters of a function's name that every provider takes."""

HASH = 8
"""Characters that keep apart what is too long."""


class Parts(NamedTuple):
    """Whose tool it is, and which."""

    server: str
    tool: str


def sanitize_mcp_name(name: str) -> str:
    """A server's or a tool's own name in letters, digits, `_` and single `-`, beginning with no digit."""
    if not name:
        return "_"
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^a-zA-Z0-9_-]", "", re.sub(r"\s+", "_", name)))
    if not plain:
        return "_unnamed"
    return plain if re.match(r"[a-zA-Z_]", plain) else "_" + plain


def build_mcp_tool_name(server: str, tool: str) -> str:
    """The name that a model gets. One over 64 characters ends in a hash of both names, so that two stay two."""
    name = SEPARATOR.join((PREFIX, sanitize_mcp_name(server), sanitize_mcp_name(tool)))
    if len(name) <= LONGEST:
        return name
    both = hashlib.sha256(f"{server}\0{tool}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: LONGEST - HASH - 1]}_{both[:HASH]}"


def normalize_for_comparison(name: str) -> str:
    """The name in lower case, with `_` for dashes and blanks."""
    return re.sub(r"[-\s]", "_", name.lower())


def tool_names_match(one: str, other: str) -> bool:
    """Whether a model may mean the one by the other."""
    return normalize_for_comparison(one) == normalize_for_comparison(other)


def is_mcp_tool(name: str) -> bool:
    """Whether the name is that of an MCP server's tool, mangled or not."""
    return normalize_for_comparison(name).startswith("mcp__")


def normalize_mcp_tool_name(name: str) -> str:
    """The name with `--` where a model wrote `__`; any other name as it is."""
    parts = re.split(r"__|--", name, maxsplit=2)
    if not is_mcp_tool(name) or len(parts) < 3 or parts[0].lower() != PREFIX:
        return name
    return SEPARATOR.join((PREFIX, parts[1], re.sub("__", SEPARATOR, parts[2])))


def parse_mcp_tool_name(name: str) -> Parts | None:
    """Server and tool of a name; None where it is no such name."""
    parts = normalize_mcp_tool_name(name).split(SEPARATOR, 2)
    return Parts(parts[1], parts[2]) if len(parts) == 3 and parts[0] == PREFIX and all(parts) else None


def meant(name: str, known: Iterable[str]) -> list[str]:
    """Which of the known tools a model means: the one of this very name, else those that it may have mangled."""
    names = list(known)
    if name in names or not is_mcp_tool(name):
        return [name] if name in names else []
    return [one for one in names if is_mcp_tool(one) and tool_names_match(one, name)]
