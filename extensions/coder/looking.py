"""Which of the files that a model saw last are others by now: those that its user, or a command, wrote since.

The disk is asked when they were written; only one that was written since is read.
"""

from __future__ import annotations

import asyncio
import time

import shim as vscode
from extensions.coder import files
from extensions.coder.files import Place
from extensions.coder.seen import Known, Seen
from extensions.coder.tool import ToolError

LOOKED = 10
"""Files that are looked at."""

AGAIN_S = 3.0
"""Seconds until the disk is asked again: a model takes longer, and whoever answers at once need not wait for it."""

GONE = " (it is not there any more)"


async def changed(seen: Seen) -> list[tuple[str, str]]:
    """The paths, each with what else is to be said of it. One that is gone is told once, others until they are read."""
    known = seen.newest(LOOKED)
    if time.monotonic() < seen.look_at:
        return [(path, "") for path, one in known if one.is_stale]
    seen.look_at = time.monotonic() + AGAIN_S
    states = await asyncio.gather(*(_look(seen, path, one) for path, one in known))
    found = [(path, said) for (path, _), said in zip(known, states, strict=True) if said is not None]
    for path, said in found:
        if said == GONE:
            seen.forget(path)
    return found


async def _look(seen: Seen, path: str, known: Known) -> str | None:
    """None where the file is as the model saw it."""
    place = Place(path, path, path)
    document = files.document_of(place)
    try:
        mark: object = ("document", document.version) if document is not None else await _written(place)
        if known.mark is None and isinstance(mark, int) and mark <= known.noted:
            known.mark = mark
        elif known.mark != mark:
            known.is_stale = await seen.is_stale(path, (await files.read_text(place)).shown)
            known.mark = mark
    except vscode.FileSystemError as error:
        return GONE if error.code == "FileNotFound" else None
    except ToolError:
        return ""  # it is no text any more
    return "" if known.is_stale else None


async def _written(place: Place) -> int:
    """In milliseconds since 1970."""
    return (await vscode.workspace.fs.stat(place.uri)).mtime
