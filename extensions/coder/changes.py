"""What an editing tool would do and does: the diff before leave is given, the writing after, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from extensions.coder import files
from extensions.coder.diagnostics import Watch, are_told, listed
from extensions.coder.differences import Difference, unified
from extensions.coder.files import Place, Text
from extensions.coder.modes import FileRestricted, check_file
from extensions.coder.output_text import truncate_output
from extensions.coder.seen import Seen
from extensions.coder.tool import Action, Plan, Result, ToolError, Use

MOST_LISTED = 20
RESHAPED_CHARS = 8_000


@dataclass(frozen=True, slots=True)
class Change:
    """One file made, changed, moved or removed."""

    place: Place
    old: Text
    new: str | None
    """None: the file goes."""
    target: Place | None = None
    """Where the new text goes instead; the old file is removed then."""

    @property
    def ends_at(self) -> Place:
        return self.target or self.place

    @property
    def removes(self) -> bool:
        return self.new is None or self.target is not None

    @property
    def actions(self) -> tuple[Action, ...]:
        gone = (Action("delete", self.place.path),) if self.removes else ()
        return gone if self.new is None else (*gone, Action("write", self.ends_at.path))


async def plan(use: Use, tool: str, changes: Sequence[Change], remark: str = "") -> Plan:
    """The plan of an edit; `remark` is told to the model with the result. Raises `ToolError` where it may not be."""
    for change in changes:
        for place in {change.place, change.ends_at}:
            check_mode(use, tool, place)
    differences = await asyncio.to_thread(lambda: [difference(one) for one in changes])
    shown = [_shown(*one) for one in zip(changes, differences, strict=True)]
    whole = shown[0] if len(shown) == 1 else {"diff": "\n".join(one["diff"] for one in shown), "files": shown}
    if not any(_is_something(*one) for one in zip(changes, differences, strict=True)):
        reads = tuple(Action("read", change.place.path) for change in changes)
        return Plan(partial(_act_on_nothing, changes, remark), reads, {"tool": tool, **whole})
    actions = tuple(action for change in changes for action in change.actions)
    return Plan(partial(act, use, changes, differences, remark), actions, {"tool": tool, **whole})


async def _act_on_nothing(changes: Sequence[Change], remark: str) -> Result:
    """Tell that all is as it should be: a model that counts this as a failure tries again and again."""
    names = ", ".join(change.place.name for change in changes)
    said = f"{names}: the text is as you want it already, nothing was written."
    return Result("\n".join([said, *([remark] if remark else [])]))


def check_mode(use: Use, tool: str, place: Place) -> None:
    """Raise `ToolError` where the mode may not edit the file that the path leads to."""
    try:
        check_file(tool, use.mode, place.name)
    except FileRestricted as error:
        raise ToolError(str(error)) from None


async def target(use: Use, arguments: Mapping[str, Any], *fields: str) -> Place:
    """The file that an editing call names. Raises `ToolError`."""
    field = next((one for one in fields if arguments.get(one)), fields[0])
    given = arguments.get(field)
    if isinstance(given, str) and given.endswith("/"):
        raise ToolError(f"{field}: '{given}' names a folder; name the file itself")
    return await files.locate(use, given, field)


def refuse_unread(use: Use, place: Place) -> None:
    """Raise `ToolError` of a file that the model has not read and may not read unasked: what fits tells its text."""
    if not (use.is_allowed or use.may_read(place.path) or Seen.of(use.notes).has(place.path)):
        raise ToolError(
            f"{place.name}: you have not read it, and reading it needs leave: read it with read_file, then edit it"
        )


def given_text(arguments: Mapping[str, Any], field: str) -> str:
    """A text of a call. Raises `ToolError` of what cannot be written."""
    text = str(arguments.get(field) or "")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ToolError(f"{field}: it holds half of a surrogate pair; write the whole character") from None
    if len(text) > files.LARGEST:
        raise ToolError(f"{field}: it has {len(text)} characters, {files.LARGEST} are the most; write it in pieces")
    return text


def difference(change: Change) -> Difference:
    """What a change makes other, as people read it."""
    name = change.ends_at.name
    if "\0" in change.old.text and change.new is None:
        return Difference(f"Binary file {name} removed", 0, 0)
    return unified(
        name, change.old.shown, _shown_text(change.new or ""), is_new=change.old.is_new, is_gone=change.new is None
    )


def _shown_text(text: str) -> str:
    return Text(text).shown


def _is_something(change: Change, other: Difference) -> bool:
    return bool(other.text) or change.removes or change.old.is_new or change.old.text != change.new


def _shown(change: Change, other: Difference) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": change.place.name, "diff": other.text, "isNew": change.old.is_new}
    if change.target is not None:
        shown["moveTo"] = change.target.name
    return shown | ({"isDeleted": True} if change.new is None else {})


async def act(use: Use, changes: Sequence[Change], differences: Sequence[Difference], remark: str) -> Result:
    """Make the changes, in their order; where one cannot be made, those before it stay and the model is told."""
    await _check_all(changes)
    seen = Seen.of(use.notes)
    told: list[str] = []
    with Watch(change.ends_at.uri for change in changes if _is_open(use, change)) as watch:
        for change, other in zip(changes, differences, strict=True):
            try:
                told += await _make(seen, change, other)
            except ToolError as error:
                return _stopped(changes, told, error)
        fresh = await watch.fresh() if are_told() else []
    names = {str(change.ends_at.uri): change.ends_at.name for change in changes}
    for uri, problems in fresh:
        told.append(f"New problems in {names[str(uri)]} after this edit:\n{listed(problems, MOST_LISTED)}")
    return Result("\n".join([*filter(None, told), *([remark] if remark else [])]))


async def _check_all(changes: Sequence[Change]) -> None:
    """Nothing is written where anything is not as it was."""
    for change in changes:
        await files.check_place(change.place)
        now = await files.read_or_new(change.place, binary=change.new is None)
        if (now.text, now.is_new) != (change.old.text, change.old.is_new):
            raise ToolError(f"{change.place.name}: it was changed meanwhile, nothing was written: read it, edit again")
        if change.target is not None and await files.stat(change.target) is not None:
            raise ToolError(f"{change.target.name}: there is a file by now, nothing was written; choose another name")


async def _make(seen: Seen, change: Change, other: Difference) -> list[str]:
    """Make one change, and say what was done."""
    place, name = change.ends_at, change.ends_at.name
    is_known = _is_known(seen, change)
    stale = await seen.told(change.place.path, change.place.name, change.old.shown)
    if change.new is None:
        await files.delete(place, change.old)
        seen.forget(place.path)
        return [f"Removed {name}."]
    if change.target is not None:
        await files.write_text(place, Text("", change.old.encoding, is_new=True), change.new)
        await files.delete(change.place, change.old)
        seen.forget(change.place.path)
        done = f"Moved {change.place.name} to {name} ({other})."
    else:
        await files.write_text(place, change.old, change.new)
        done = f"Created {name} ({other.added} lines)." if change.old.is_new else f"Changed {name} ({other})."
    return [done, await _reshaped(seen, place, change.new) if is_known else "", stale]


def _is_open(use: Use, change: Change) -> bool:
    """Whether the model may be told what is wrong in the text that a change leaves."""
    return change.new is not None and (_is_known(Seen.of(use.notes), change) or use.may_read(change.place.path))


def _is_known(seen: Seen, change: Change) -> bool:
    """Whether the model knows the text that a change leaves: a file that is only moved may be one that it never saw."""
    return change.old.is_new or change.new != change.old.text or seen.has(change.place.path)


async def _reshaped(seen: Seen, place: Place, wanted: str) -> str:
    """What somebody else made of the text while it was saved, such as a formatter."""
    try:
        now = await files.read_text(place)
    except ToolError:
        return ""
    await seen.note(place.path, now.shown)
    before = _shown_text(wanted)
    if now.shown.replace("\r\n", "\n") == before.replace("\r\n", "\n"):
        return ""
    other = await asyncio.to_thread(unified, place.name, before, now.shown)
    diff = truncate_output(other.text, max_chars=RESHAPED_CHARS)
    return f"The text is not quite what you wrote: it was changed on saving (a formatter, or the user):\n{diff}"


def _stopped(changes: Sequence[Change], told: list[str], error: ToolError) -> Result:
    if not told:
        raise error
    done = "\n".join(filter(None, told))
    return Result(f"Only a part was done, then it failed.\n{done}\nFailed: {error}", failed=True)
