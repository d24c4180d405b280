"""Many users who edit at once: every event reaches its user, none is lost, all in order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sessions.context import SessionContext
from shim import Position, Range, Uri, WorkspaceEdit, workspace
from tests.people import people

pytestmark = pytest.mark.anyio

USERS, EDITS = 20, 40


async def test_the_events_of_a_crowd_reach_each_user_whole_and_nobody_else(tmp_path: Path) -> None:
    """Every user has a file of the same name, so that whose it is shows in nothing but who hears of it."""
    heard: dict[str, list[str]] = {}

    async def work(session: SessionContext) -> None:
        own = heard.setdefault(session.uid, [])
        uri = Uri.file("/workspace/shared-name.txt")
        with session.entered():
            await session.files.write(uri.path, b"text\n")
            await workspace.open_text_document(uri)

            def hear(event: Any) -> None:
                own.extend(change.text for change in event.content_changes)

            workspace.on_did_change_text_document(hear)
            edits = []
            for number in range(EDITS):
                edit = WorkspaceEdit()
                edit.replace(uri, Range(Position(0, 0), Position(0, 100)), f"{session.uid} {number}")
                edits.append(workspace.apply_edit(edit))
                await asyncio.sleep(0)
            assert all(await asyncio.gather(*edits))

    async with people(tmp_path) as sessions:
        opened = [await sessions.open(f"user{number}") for number in range(USERS)]
        async with asyncio.TaskGroup() as group:
            for session in opened:
                group.create_task(work(session))
        for session in opened:
            wanted = [f"{session.uid} {number}" for number in range(EDITS)]
            assert heard[session.uid] == wanted
            assert await posted(session) == wanted


async def posted(session: SessionContext) -> list[str]:
    """The texts of all changes that the user's clients are told of."""
    follower = session.mailbox.follow(0)
    texts: list[str] = []
    while batch := await follower.read():
        for event in batch:
            if event.type == "workspace.onDidChangeTextDocument":
                texts += [change["text"] for change in json.loads(event.data_json)["contentChanges"]]
    return texts
