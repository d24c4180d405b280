"""Walk: a client finds its user's files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Refused, connect

pytestmark = pytest.mark.anyio


async def test_a_client_finds_its_own_files(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        for path in ("a b.py", ".git/c.py"):
            await one.call("workspace.fs.writeFile", uri=f"/workspace/{path}", content="x")
        assert await one.call("workspace.findFiles", include="**/*.py") == ["file:///workspace/a%20b.py"]
        assert len(await one.call("workspace.findFiles", include="**/*.py", exclude=None)) == 2
        assert await one.call("workspace.findFiles", include="**", exclude="**/*.py") == []
        assert len(await one.call("workspace.findFiles", include="**", exclude=None, maxResults=1)) == 1
        assert await other.call("workspace.findFiles", include="**", exclude=None) == []


@pytest.mark.parametrize(
    "params",
    [
        {"include": ""},
        {"include": "a\0"},
        {"include": "**", "maxResults": 0},
        {"include": "**", "exclude": "x" * 10**6},
    ],
)
async def test_what_cannot_be_is_refused(base: str, alice: str, params: dict[str, Any]) -> None:
    async with connect(base, alice) as one:
        with pytest.raises(Refused) as caught:
            await one.call("workspace.findFiles", **params)
        assert caught.value.code == -32602
