"""What a client may ask of documents, as its session does it: whether others have their turns meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from host import document_methods
from host.document_methods import CONTRACT, WireRange, as_range
from shim.bulk import IN_A_TURN
from shim.ranges import Range
from tests.people import people

pytestmark = pytest.mark.anyio


async def test_two_thousand_edits_are_looked_at_in_turns_with_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, looked = 0, Counter[int]()

    def counted(range: WireRange) -> Range:
        looked[turn] += 1
        return as_range(range)

    monkeypatch.setattr(document_methods, "as_range", counted)
    method = CONTRACT["workspace.applyEdit"]
    places = [{"start": {"line": at, "character": 0}, "end": {"line": at, "character": 1}} for at in range(2_000)]
    params = {"edits": [{"uri": "/workspace/a", "range": place, "newText": "y"} for place in places]}
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        await ada.files.write("/workspace/a", b"x\n" * 2_000)
        caller = cast(Any, SimpleNamespace(session=ada))
        work = ada.promise(method.handler(caller, **method.params.model_validate(params).__dict__), "apply")
        while not work.done():
            await asyncio.sleep(0)
            turn += 1
        assert work.result() == {"applied": True}
    assert looked.total() == 2_000 and max(looked.values()) <= IN_A_TURN
