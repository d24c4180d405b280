"""`apply_patch`: one patch that makes, changes, moves and removes several files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from extensions.coder import changes, files
from extensions.coder.changes import Change
from extensions.coder.files import Place
from extensions.coder.patch import AddFile, BadPatch, DeleteFile, Hunk, UpdateFile, apply_chunks, parse_patch
from extensions.coder.tool import Plan, Tool, ToolError, Use

MOST_FILES = 200

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {"patch": {"type": "string", "description": "The patch, from `*** Begin Patch` on"}},
        "required": ["patch"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    try:
        hunks = await asyncio.to_thread(parse_patch, changes.given_text(arguments, "patch"))
    except BadPatch as error:
        raise ToolError(f"patch: {error}") from None
    if not hunks:
        raise ToolError("patch: it names no file; write `*** Update File: path` and the lines to change")
    if len(hunks) > MOST_FILES:
        raise ToolError(f"patch: it has {len(hunks)} files, {MOST_FILES} are the most; send it in parts")
    made: dict[str, Change] = {}
    for hunk in hunks:
        place = await changes.target(use, {"path": hunk.path}, "path")
        made[place.path] = await _change(use, hunk, place, made.get(place.path))
    _refuse_doubled(list(made.values()))
    return await changes.plan(use, "apply_patch", list(made.values()))


async def _change(use: Use, hunk: Hunk, place: Place, before: Change | None) -> Change:
    """What a hunk does; `before` is what an earlier one of the same patch does to the same file."""
    if before is not None:
        if not isinstance(hunk, UpdateFile) or before.new is None or before.target is not None:
            raise ToolError(f"patch: it names {place.name} twice; give all that is to be done to a file once")
        return await _updated(use, hunk, before)
    if isinstance(hunk, AddFile):
        old = await files.read_or_new(place)
        if not old.is_new:
            raise ToolError(f"{place.name}: there is a file already; change it with `*** Update File: {hunk.path}`")
        return Change(place, old, hunk.content)
    if isinstance(hunk, DeleteFile):
        return Change(place, await files.read_text(place, binary=True), None)
    old = await files.read_text(place)
    return await _updated(use, hunk, Change(place, old, old.text))


async def _updated(use: Use, hunk: UpdateFile, before: Change) -> Change:
    if hunk.chunks and not before.old.is_new:
        changes.refuse_unread(use, before.place)
    try:
        new = await asyncio.to_thread(apply_chunks, before.new or "", before.place.name, hunk.chunks)
    except BadPatch as error:
        raise ToolError(str(error)) from None
    if hunk.move_to is None:
        return replace(before, new=new)
    new = new if hunk.chunks else before.new or ""
    target = await changes.target(use, {"path": hunk.move_to}, "path")
    if target.path == before.place.path:
        return replace(before, new=new)
    if await files.stat(target) is not None:
        raise ToolError(f"{target.name}: something is there already; move {before.place.name} to another name")
    return replace(before, new=new, target=target)


def _refuse_doubled(made: list[Change]) -> None:
    """Raise `ToolError` where two files would end as the same one."""
    ends = [change.ends_at.path for change in made if change.new is not None]
    doubled = next((path for path in ends if ends.count(path) > 1), None)
    if doubled is not None:
        raise ToolError(f"patch: two of its files would end as {doubled}; give each a name of its own")


TOOL = Tool("apply_patch", PARAMETERS, plan)
