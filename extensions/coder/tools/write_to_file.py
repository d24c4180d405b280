"""`write_to_file`: a whole file, new or in place of the old one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from extensions.coder import changes, files
from extensions.coder.changes import Change
from extensions.coder.files import Place, Text
from extensions.coder.numbering import bare, is_whole
from extensions.coder.seen import Seen
from extensions.coder.tool import Plan, Tool, ToolError, Use
from shim.beside import beside

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "The file, relative to the workspace folder or absolute"},
            "content": {"type": "string", "description": "All that is to stand in it, without line numbers"},
        },
        "required": ["path", "content"],
        "additionalProperties": False,
    }
)

FENCED = re.compile(r"```[\w+#.-]*[ \t]*\n(.*?)\n?```[ \t]*\n?", re.DOTALL)
FENCED_FILES = (".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt")


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    place = await changes.target(use, arguments, "path")
    old = await files.read_or_new(place)
    await refuse_unseen(use, place, old)
    content = await beside(_plain, place.name, changes.given_text(arguments, "content"), old.ending)
    return await changes.plan(use, "write_to_file", [Change(place, old, content)])


async def refuse_unseen(use: Use, place: Place, old: Text) -> None:
    """Raise `ToolError` where the model would replace what a person wrote and it has not seen."""
    seen = Seen.of(use.notes)
    if await seen.is_stale(place.path, old.shown):
        raise ToolError(f"{place.name}: it changed since you last saw it; read it again, then write what it shall be")
    if old.is_unsaved and not seen.has(place.path):
        raise ToolError(f"{place.name}: the user has changes in it that are not saved; read it before you replace it")


def _plain(name: str, content: str, ending: str) -> str:
    """The content as it is meant: without a fence around it and numbers of lines, and with the file's ends of lines."""
    content = unfenced(name, content)
    content = bare(content) if is_whole(content) else content
    return re.sub(r"\r?\n", "\r\n", content) if ending == "\r\n" else content


def unfenced(name: str, content: str) -> str:
    """The content without one code fence around all of it, where the file is none in which fences stand."""
    found = FENCED.fullmatch(content)
    if found is None or "```" in found[1] or name.lower().endswith(FENCED_FILES):
        return content
    return found[1] + "\n" if found[1] else ""


TOOL = Tool("write_to_file", PARAMETERS, plan, aliases=("write_file",))
