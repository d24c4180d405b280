"""What a client may ask to be told of files. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.errors import InvalidValue
from shim.watchers import Watchers

CONTRACT = Contract()
method = CONTRACT.method


class Watched(TypedDict):
    watchId: str


@method("workspace.watch")
async def watch(caller: Caller, glob: Annotated[str, StringConstraints(min_length=1, max_length=4_096)]) -> Watched:
    """Tell of files that are made, changed or removed, by `workspace.onDidChangeFiles {watchId, changes}` events.

    The glob is of paths within the workspace's folders, or of whole paths within them. From the answer on nothing
    is missed; a client that reconnects hears what it did not.
    """
    watchers = caller.session.get(Watchers)
    watch_id = await watchers.watch(glob)
    caller.when_gone(lambda: watchers.leave(watch_id))
    return {"watchId": watch_id}


@method("workspace.unwatch")
async def unwatch(caller: Caller, watch_id: Annotated[str, StringConstraints(max_length=64)]) -> None:
    """End a watch."""
    if not caller.session.get(Watchers).end(watch_id):
        raise InvalidValue("watchId", "there is no such watch of this user; it may have ended")
