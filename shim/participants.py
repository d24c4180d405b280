"""Save participants (VS Code's word): what a user's settings have done to a text before it is saved.

Each changes what those before it left: spaces at the ends of lines, code actions, the formatter, the end of the file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sessions.errors import RoostError
from shim import queries
from shim.bulk import apply_edit
from shim.commands import Commands
from shim.configuration import WorkspaceConfiguration
from shim.contexts import FormattingOptions
from shim.diagnostics import CodeAction, CodeActionKind
from shim.edits import TextEdit, WorkspaceEdit
from shim.enums import TextDocumentSaveReason
from shim.indentation import indentation
from shim.ranges import Position, Range
from shim.reading import apply, difference
from shim.scopes import scope_of
from shim.showing import Editors
from shim.utf16 import utf16_length

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.document import TextDocument
    from shim.text import TextModel

log = logging.getLogger("roost.shim")

LIMIT_S = 3.0
"""How long code actions of one kind, or a formatter, may hold up a save; then the text is saved without them."""

MOST_KINDS, MOST_NAMED = 20, 50
"""Kinds of code actions of one save, and kinds that a setting names, wanted or not; those after them do not count."""

MOST_ACTIONS, MOST_OFFERED = 20, 200
"""Code actions of one kind that are made, and that are looked at."""

MOST_EDITS = 500
"""Edits that are made one by one; where there are more, all between the first and the last is replaced at once."""

ON_SAVE, NEVER = (True, "explicit", "always"), (False, "never")
"""What a setting says of a kind of code actions that are made when the user saves, and of one that is not."""


async def take_part(session: SessionContext, document: TextDocument, reason: TextDocumentSaveReason) -> None:
    """Do to a document what the settings want. What fails is logged, and the text is saved without it."""
    scope = scope_of(document)
    files, editor = (WorkspaceConfiguration(session, name, scope) for name in ("files", "editor"))
    typed = _typed_in(session, document) if reason != TextDocumentSaveReason.MANUAL else frozenset()
    if files.get("trimTrailingWhitespace"):
        await _done(session, document, _of_lines(session, document, partial(_trimmed, typed=typed)))
    if reason == TextDocumentSaveReason.MANUAL:
        kinds, without = _kinds(editor.get("codeActionsOnSave"))
        for kind in kinds:
            await _done(session, document, _act(session, document, kind, without))
        if editor.get("formatOnSave"):
            await _done(session, document, _format(session, document, editor))
    if files.get("insertFinalNewline"):
        await _done(session, document, _of_lines(session, document, _ended))
    if files.get("trimFinalNewlines"):
        await _done(session, document, _of_lines(session, document, partial(_cut, typed=typed)))


async def _done(session: SessionContext, document: TextDocument, work: Any) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):
            await work
    except TimeoutError:
        log.warning("%s is saved without what took more than %g s", document.uri.path, LIMIT_S)
    except RoostError as error:
        log.warning("%s is saved without what failed: %s", document.uri.path, error)
    except asyncio.CancelledError:  # also a command may raise it, of something else that ended
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        log.warning("%s is saved without what was cancelled", document.uri.path)
    except Exception:  # the edge of an extension, whose command may raise anything: the text is saved
        log.warning("%s is saved without what failed", document.uri.path, exc_info=True)


async def _edit(session: SessionContext, document: TextDocument, edits: Sequence[TextEdit], version: int) -> None:
    """Make edits to the text as it was at that version; nothing where it is another by now."""
    if not edits or document.is_closed or document.version != version:
        return
    if len(edits) > MOST_EDITS:
        edits = await asyncio.to_thread(_as_one, document._model.copy(), edits)
    edit = WorkspaceEdit()
    edit.set(document.uri, edits)
    await apply_edit(session, edit, versions={document.uri: version})


def _as_one(model: TextModel, edits: Sequence[TextEdit]) -> list[TextEdit]:
    changed = model.copy()
    apply(changed, edits)
    return difference(model, changed)


# -- lines


async def _of_lines(
    session: SessionContext, document: TextDocument, find: Callable[[Sequence[str]], list[TextEdit]]
) -> None:
    text = document._model.snapshot()
    await _edit(session, document, await asyncio.to_thread(find, text.lines), text.version)


def _typed_in(session: SessionContext, document: TextDocument) -> frozenset[int]:
    """The lines with a cursor: what saves by itself takes nothing away there, as the user may be typing on."""
    editors = session.get(Editors).visible
    return frozenset(one.active.line for editor in editors if editor.document is document for one in editor.selections)


def _trimmed(lines: Sequence[str], typed: Container[int]) -> list[TextEdit]:
    """Take away spaces and tabs at the ends of lines."""
    wrong = [at for at, line in enumerate(lines) if line[-1:] in (" ", "\t") and at not in typed]
    if len(wrong) > MOST_EDITS:
        first, last = wrong[0], wrong[-1]
        text = "\n".join(lines[at] if at in typed else lines[at].rstrip(" \t") for at in range(first, last + 1))
        return [TextEdit.replace(Range(first, 0, last, utf16_length(lines[last])), text)]
    return [
        TextEdit.delete(Range(at, utf16_length(lines[at].rstrip(" \t")), at, utf16_length(lines[at]))) for at in wrong
    ]


def _ended(lines: Sequence[str]) -> list[TextEdit]:
    """Let the last line be ended; an empty text stays empty."""
    return [TextEdit.insert(Position(len(lines) - 1, utf16_length(lines[-1])), "\n")] if lines[-1] else []


def _cut(lines: Sequence[str], typed: Collection[int]) -> list[TextEdit]:
    """Let no more than one line end follow the last line that has something."""
    last = max(next((at for at in range(len(lines) - 1, -1, -1) if lines[at]), 0), *typed, 0)
    ends = min(last + 1, len(lines) - 1)
    return [TextEdit.delete(Range(ends, 0, len(lines) - 1, 0))] if ends < len(lines) - 1 else []


# -- languages


def _kinds(setting: Any) -> tuple[list[CodeActionKind], list[CodeActionKind]]:
    """What `editor.codeActionsOnSave` wants, and what it does not: what mends comes first, nothing twice (VS Code).

    A kind that is not wanted counts within wider ones.
    """
    if isinstance(setting, Sequence) and not isinstance(setting, str):
        setting = dict.fromkeys((one for one in setting if isinstance(one, str)), True)
    said = list(setting.items())[:MOST_NAMED] if isinstance(setting, Mapping) else []
    wanted, without = ([CodeActionKind(name) for name, when in said if when in these] for these in (ON_SAVE, NEVER))
    wanted = [kind for kind in wanted if not any(one.value != kind.value and one.contains(kind) for one in wanted)]
    wanted.sort(key=lambda kind: not CodeActionKind.SOURCE_FIX_ALL.contains(kind))
    return wanted[:MOST_KINDS], without


async def _act(
    session: SessionContext, document: TextDocument, kind: CodeActionKind, without: Sequence[CodeActionKind]
) -> None:
    """Make the code actions of a kind. They are asked for anew after each: it may have moved what the next is for."""
    narrower = [one for one in without if not one.contains(kind)]
    made: set[str] = set()
    while len(made) < MOST_ACTIONS:
        version, last = document.version, document.line_at(document.line_count - 1)
        actions = await queries.code_actions(session, document, Range(Position(0, 0), last.range.end), kind)
        left = (one for one in actions[:MOST_OFFERED] if one[1].title not in made)
        found = next((one for one in left if not any(each.contains(one[1].kind) for each in narrower)), None)
        if found is None:
            return
        made.add(found[1].title)
        await _make(session, document, await queries.resolved(session, "code_action", found), version)


async def _make(session: SessionContext, document: TextDocument, action: object, version: int) -> None:
    """Make a code action, found in the text of that version: the edit first, then the command."""
    if not isinstance(action, CodeAction) or action.disabled is not None:
        return
    if action.edit is not None:
        await apply_edit(session, action.edit, versions={document.uri: version})
    if action.command is not None:
        await session.get(Commands).execute(action.command.command, *action.command.arguments or ())


async def _format(session: SessionContext, document: TextDocument, editor: Mapping[str, Any]) -> None:
    version, looks = document.version, indentation(document, editor)
    edits = await queries.formatting(session, document, FormattingOptions(looks.size, looks.spaces))
    await _edit(session, document, edits, version)
