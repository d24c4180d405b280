"""`workspace.apply_edit` on its way: made with no task of its own where nothing has to be waited for. It makes no edit.

Most edits are a few characters of an open document. Two hundred people who type make thousands of them a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sessions.current import current_session
from shim.bulk import Bulk, NotApplied, Step
from shim.documents import Documents
from shim.edits import WorkspaceEdit
from shim.thenable import Thenable, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext


def apply_edit(edit: WorkspaceEdit, metadata: object = None) -> Thenable[bool]:
    """Make all of an edit or nothing of it: texts, and files created, renamed, deleted. False where it cannot be made.

    Texts are changed and not saved; what was changed survives the host's being killed once this is true.
    """
    session, steps = current_session(), edit.steps
    documents = session.get(Documents)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _in_turn(session, documents, steps)  # says that there is no loop here
    if session.closing:
        return _in_turn(session, documents, steps)  # says so
    applied: asyncio.Future[bool] = loop.create_future()
    session.rounds.soon(session.uid, partial(_begin, session, documents, steps, applied))
    return applied


def _begin(session: SessionContext, documents: Documents, steps: Sequence[Step], applied: asyncio.Future[bool]) -> None:
    """Make it now, or let it wait for its turn."""
    if session.closing:
        applied.cancel()
        return
    try:
        kept = None if documents.edits_waiting else Bulk(session).at_once(steps)
        if kept is None:
            _in_turn(session, documents, steps).add_done_callback(partial(_settle, applied))
        else:
            _when_kept(applied, kept)
    except NotApplied as error:
        _tell(session, error)
        _settle_with(applied, False)
    except Exception as error:  # noqa: BLE001  whatever it is belongs to who asked for the edit
        if not applied.done():
            applied.set_exception(error)


def _when_kept(applied: asyncio.Future[bool], kept: Sequence[asyncio.Future[None]]) -> None:
    if not kept:
        _settle_with(applied, True)
    elif len(kept) == 1:
        kept[0].add_done_callback(partial(_settle, applied))
    else:
        asyncio.gather(*kept).add_done_callback(partial(_settle, applied))


def _settle(applied: asyncio.Future[bool], done: asyncio.Future[object]) -> None:
    """It is on the disk, or failed: whoever stopped waiting is not told."""
    if done.cancelled():
        applied.cancel()
    elif (error := done.exception()) is None:
        _settle_with(applied, done.result() is not False)
    elif not applied.done():
        applied.set_exception(error)


def _settle_with(applied: asyncio.Future[bool], made: bool) -> None:
    if not applied.done():
        applied.set_result(made)


def _in_turn(session: SessionContext, documents: Documents, steps: Sequence[Step]) -> Thenable[bool]:
    with session.entered():  # as the user's, no extension's: one that ends now does not leave it half made
        work = thenable(_applied(session, steps), "workspace.apply_edit")
    documents.edits_waiting += 1
    work.add_done_callback(lambda _: documents.edit_ended())
    return asyncio.shield(work)  # whoever stops waiting for an edit does not stop it in the middle


async def _applied(session: SessionContext, steps: Sequence[Step]) -> bool:
    try:
        await Bulk(session).apply(steps)
    except NotApplied as error:
        _tell(session, error)
        return False
    return True


def _tell(session: SessionContext, error: NotApplied) -> None:
    session.get(Documents).post("workspace.onDidFailToApplyEdit", {"message": str(error)})
