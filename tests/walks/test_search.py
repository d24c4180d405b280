"""Walk: a client finds its user's files, and text in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import Process, Refused, connect, running
from tests.screens import passable

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def house() -> Iterator[Process]:
    """A host whose users' processes run in sandboxes."""
    with passable() as folder, running(folder / "data") as started:
        yield started


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


async def test_a_client_finds_text_in_its_own_files(house: Process, alice: str, bob: str) -> None:
    async with connect(house.base, alice) as one, connect(house.base, bob) as other:
        await one.call("workspace.fs.writeFile", uri="/workspace/a b.py", content="# 😀\nthe needle, 😀 Needle\r\n")
        await one.call("workspace.fs.writeFile", uri="/workspace/node_modules/b.py", content="needle")
        query = {"pattern": "needle"}
        found = await one.call("workspace.findTextInFiles", query=query)
        start, end = {"line": 1, "character": 4}, {"line": 1, "character": 10}
        again = [{"line": 1, "character": 15}, {"line": 1, "character": 21}]
        assert found == {
            "matches": [
                {
                    "uri": "file:///workspace/a%20b.py",
                    "ranges": [{"start": start, "end": end}, {"start": again[0], "end": again[1]}],
                    "preview": "the needle, 😀 Needle",
                    "skipped": 0,
                }
            ],
            "limitHit": False,
        }
        found = await one.call("workspace.findTextInFiles", query=query, exclude=None, include="**/b.py", maxResults=1)
        assert [match["uri"] for match in found["matches"]] == ["file:///workspace/node_modules/b.py"]
        cased = {"pattern": "N.{5}", "isRegExp": True, "isCaseSensitive": True, "isWordMatch": True}
        assert len((await one.call("workspace.findTextInFiles", query=cased))["matches"][0]["ranges"]) == 1
        assert (await other.call("workspace.findTextInFiles", query=query))["matches"] == []


async def test_of_a_long_line_is_told_where_the_part_begins_that_is_shown(house: Process, alice: str) -> None:
    async with connect(house.base, alice) as one:
        await one.call("workspace.fs.writeFile", uri="/workspace/long", content="😀" * 2_000 + "needle" + "x" * 2_000)
        (found,) = (await one.call("workspace.findTextInFiles", query={"pattern": "needle"}))["matches"]
        at = found["ranges"][0]["start"]["character"]
        assert (at, at - found["skipped"]) == (4_000, 200)
        assert found["preview"].startswith("😀" * 100 + "needle")


async def test_what_is_found_is_told_as_it_is_found_if_asked_for(house: Process, alice: str) -> None:
    async with connect(house.base, alice) as one:
        await one.call("workspace.fs.writeFile", uri="/workspace/a", content="needle\n" * 1_000)
        found = await one.call("workspace.findTextInFiles", query={"pattern": "needle"}, progressToken="t")
        heard = [each["params"] for each in one.heard if each.get("method") == "$/progress"]
        told = [match for each in heard if each["token"] == "t" for match in each["value"]["matches"]]
        assert len(told) == 1_000 and told == found["matches"]


@pytest.mark.parametrize(
    "params",
    [
        {"query": {"pattern": ""}},
        {"query": {"pattern": "a", "flags": "g"}},
        {"query": {"pattern": "a", "isRegExp": 1}},
        {"query": {"pattern": "a\0"}},
        {"query": {"pattern": "x" * 10_001}},
        {"query": {"pattern": "(", "isRegExp": True}},
        {"query": {"pattern": r"(a)\1", "isRegExp": True}},
        {"query": {"pattern": "a"}, "maxResults": 0},
        {"query": {"pattern": "a"}, "include": ""},
        {"query": "a"},
    ],
)
async def test_what_cannot_be_searched_for_is_refused(house: Process, alice: str, params: dict[str, Any]) -> None:
    async with connect(house.base, alice) as one:
        with pytest.raises(Refused) as caught:
            await one.call("workspace.findTextInFiles", **params)
        assert caught.value.code == -32602
        assert "query" in str(caught.value) or "maxResults" in str(caught.value) or "include" in str(caught.value)
