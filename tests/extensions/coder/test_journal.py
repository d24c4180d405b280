"""Tasks on the disk: what is too much for one commit, and a way back that was broken off, leave a whole task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from extensions.coder import journal
from extensions.coder.task import Conversation, Task
from shim.proposed import records
from tests.people import people

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(tmp_path: Path) -> AsyncIterator[None]:
    """It is Ada's turn, in the agent."""
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("roost.coder"):
            yield


async def talked(count: int) -> Conversation:
    """A task of `count` messages on the disk."""
    conversation = Conversation(Task("t1", "paused", "code", "A task", 1, 1, "/workspace"))
    for at in range(0, count, 400):
        draft = conversation.draft()
        for number in range(at, min(at + 400, count)):
            draft.say("user" if number % 2 == 0 else "assistant", [{"type": "text", "text": f"message {number}"}], 1)
            draft.show("user", 1, text=f"message {number}")
        await journal.commit(conversation, draft)
    return conversation


def texts(conversation: Conversation) -> list[str]:
    return [one["content"][0]["text"] for one in conversation.messages]


async def again() -> Conversation:
    found = await journal.read("t1")
    assert found is not None
    return found


async def test_more_messages_than_one_commit_holds_are_changed_and_moved_by_one_step(ada: None) -> None:
    conversation = await talked(1_200)
    moved: list[dict[str, Any]] = [*conversation.messages]
    moved.insert(1, {"id": 0, "ts": 1, "role": "user", "content": [{"type": "text", "text": "a marker"}]})
    draft = conversation.draft()
    draft.said = [{**one, "id": at} for at, one in enumerate(moved, 1)]
    draft.change(messages=len(moved))
    await journal.commit(conversation, draft)
    wanted = ["message 0", "a marker", *(f"message {at}" for at in range(1, 1_200))]
    assert texts(await again()) == texts(conversation) == wanted


async def test_a_move_that_was_broken_off_lost_no_message(ada: None, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await talked(1_200)
    moved = [conversation.messages[0], *conversation.messages]
    draft = conversation.draft()
    draft.said = [{**one, "id": at} for at, one in enumerate(moved, 1)]
    draft.change(messages=len(moved))
    with pytest.raises(ConnectionError):
        await broken_after(1, monkeypatch, journal.commit(conversation, draft))
    assert set(texts(await again())) == {f"message {at}" for at in range(1_200)}


async def test_a_way_back_that_was_broken_off_is_as_good_as_done(ada: None, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await talked(1_200)
    draft = conversation.draft()
    with pytest.raises(ConnectionError):
        await broken_after(1, monkeypatch, journal.rewind(conversation, draft, 10, 12))
    found = await again()
    assert texts(found) == [f"message {at}" for at in range(10)]
    assert len(await journal.shown(found.task, 0, 500)) == 12


async def broken_after(commits: int, monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    """Do `work` with a disk that goes away after so many commits."""
    commit, made = records.commit, 0

    def counted(changes: Sequence[Any], event: Any = None, **more: Any) -> Any:
        nonlocal made
        made += 1
        if made > commits:
            raise ConnectionError("the disk is gone")
        return commit(changes, event, **more)

    with monkeypatch.context() as patch:
        patch.setattr(records, "commit", counted)
        await work
