"""What a task remembers of the workspace: its checkpoints, what changed since, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from extensions.coder import journal
from extensions.coder.checkpoints import NoCheckpoint
from extensions.coder.task import Conversation, Json, Task
from shim.proposed.http import Invalid, NotFound

if TYPE_CHECKING:
    from extensions.coder.roster import Roster


class Rewinding:
    """The checkpoints of one user's tasks."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._house = roster.house

    async def list(self, task_id: str) -> Sequence[Json]:
        """The states of the workspace that the task remembers, oldest first."""
        await self._roster.row(task_id)
        try:
            return [
                {"checkpointId": one.checkpoint_id, "ts": one.ts} for one in await self._house.checkpoints.list(task_id)
            ]
        except NoCheckpoint:
            return []

    async def diff(self, task_id: str, checkpoint_id: str, to: str | None = None) -> Json:
        """What changed since a checkpoint, up to another or to now."""
        await self._roster.row(task_id)
        try:
            return {"files": list(await self._house.checkpoints.diff(task_id, checkpoint_id, to))}
        except NoCheckpoint as error:
            raise NotFound(str(error)) from None

    async def restore(self, task_id: str, checkpoint_id: str, scope: str = "files") -> Task:
        """Bring the workspace back; with the scope `task` the conversation, too."""
        if scope not in ("files", "task"):
            raise Invalid("scope", "must be 'files' or 'task'")
        conversation = await self._roster.get(task_id)
        async with self._roster.apart(conversation):
            place = await self._place_of(conversation, checkpoint_id) if scope == "task" else None
            try:
                await self._house.checkpoints.restore(task_id, checkpoint_id)
            except NoCheckpoint as error:
                raise NotFound(str(error)) from None
            if place is not None:
                draft = conversation.draft()
                draft.change(
                    status="paused", waiting_for=None, question=None, limit=None, result=None, error=None, todos=()
                )
                await journal.whole(journal.rewind(conversation, draft, *place))
        return conversation.task

    async def _place_of(self, conversation: Conversation, checkpoint_id: str) -> tuple[int, int]:
        """How many messages there were before the answer that a checkpoint was made in, with the model and shown."""
        seen = 0
        while page := await journal.shown(conversation.task, seen, 500):
            for one in page:
                if one.get("checkpointId") == checkpoint_id:
                    return max(1, one["said"] - 1), one["id"]
            seen = page[-1]["id"]
        raise NotFound(f"there is no checkpoint {checkpoint_id[:80]!r} in this task")
