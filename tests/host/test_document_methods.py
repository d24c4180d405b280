"""What a client may ask of documents, as its session does it: how long others wait meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from host.document_methods import CONTRACT
from tests.people import people

pytestmark = pytest.mark.anyio


async def longest_turn(work: asyncio.Future[Any]) -> float:
    """How long the loop's thread computed between two turns of another task, in seconds."""
    longest, before = 0.0, time.thread_time()
    while not work.done():
        await asyncio.sleep(0)
        longest, before = max(longest, (now := time.thread_time()) - before), now
    return longest


async def test_two_thousand_edits_are_looked_at_in_turns_with_all_others(tmp_path: Path) -> None:
    method = CONTRACT["workspace.applyEdit"]
    edits = [
        {"uri": "/workspace/a", "range": {"start": {"line": at, "character": 0}, "end": {"line": at, "character": 1}}}
        for at in range(2_000)
    ]
    params = {"edits": [one | {"newText": "y"} for one in edits]}
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        await ada.files.write("/workspace/a", b"x\n" * 2_000)

        async def applied() -> Any:
            caller = cast(Any, SimpleNamespace(session=ada))
            return await method.handler(caller, **method.params.model_validate(params).__dict__)

        work = ada.promise(applied(), "apply")
        assert await longest_turn(work) < 0.02  # in one go it is 60 ms
        assert work.result() == {"applied": True}
        assert await ada.files.read("/workspace/a") == b"x\n" * 2_000
