"""`list_files`: what a folder holds, up to 200 entries, without what nobody reads, and marked where it is kept."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.access import Protection
from extensions.coder.folders import Folder
from extensions.coder.tool import Action, ToolError
from extensions.coder.tools.list_files import TOOL
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

FILES = ("a.py", "src/b.py", "src/deep/c.py", "src/ignored.log", "node_modules/x/y.js", ".git/config", "dist/out.js")


async def fill(session: SessionContext, *paths: str) -> None:
    for path in paths:
        await session.files.write(f"/workspace/{path}", b"")


async def names(use: Using | None = None, path: str = ".", recursive: bool | None = None) -> list[str]:
    return (await done(TOOL, use or Using(), path=path, recursive=recursive)).text.split("\n")


async def test_a_folder_is_listed_without_what_is_below(owner: SessionContext) -> None:
    await fill(owner, *FILES)
    assert await names() == ["\N{SHIELD}\N{VARIATION SELECTOR-16} .git/", "a.py", "dist/", "node_modules/", "src/"]
    assert await names(path="/workspace/src") == ["b.py", "deep/", "ignored.log"]


async def test_all_below_is_listed_without_what_nobody_reads(owner: SessionContext) -> None:
    await fill(owner, *FILES, "src/deep/kept.log")
    await owner.files.write("/workspace/.gitignore", b"*.log\n/dist\n[\n[z-a]\n")
    await owner.files.write("/workspace/src/deep/.gitignore", b"!kept.log\n")
    found = [name for name in await names(recursive=True) if ".git" not in name]
    assert found == ["a.py", "node_modules/", "src/", "src/b.py", "src/deep/", "src/deep/c.py", "src/deep/kept.log"]
    assert await names(path="node_modules", recursive=True) == ["x/", "x/y.js"]


async def test_entries_are_asked_of_the_rules_beside_the_loop(
    owner: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {}
    for of, name, one in (
        (Protection, "protects", Protection.protects),
        (Folder, "ignores_entry", Folder.ignores_entry),
    ):

        def spied(self: Any, what: Any, name: str = name, work: Any = one) -> Any:
            asked[name] = threading.get_ident()
            return work(self, what)

        monkeypatch.setattr(of, name, spied)
    await fill(owner, "a.py", "b.log")
    await owner.files.write("/workspace/.gitignore", b"*.log\n")
    assert "a.py" in await names(recursive=True)
    assert asked.keys() == {"protects", "ignores_entry"}
    assert threading.get_ident() not in asked.values()


async def test_a_long_listing_has_the_upper_levels_and_says_that_there_is_more(owner: SessionContext) -> None:
    await fill(owner, *(f"deep/{number:03}" for number in range(250)), "z/last")
    found = await names(recursive=True)
    assert found[-1] == "[Only 200 entries are listed, there are more: list the folder that you need.]"
    assert len(found) == 201
    assert {"deep/", "z/"} <= set(found)


async def test_exactly_as_many_as_may_be_are_all(owner: SessionContext) -> None:
    await fill(owner, *(f"{number:03}" for number in range(200)))
    assert len(await names()) == len(await names(recursive=True)) == 200


async def test_what_is_kept_from_the_agent_is_marked(owner: SessionContext) -> None:
    await fill(owner, "secret/key", "AGENTS.md", "a.py")
    assert await names(Using(ignore="secret/")) == [
        "\N{SHIELD}\N{VARIATION SELECTOR-16} AGENTS.md", "a.py", "\N{LOCK} secret/",
    ]  # fmt: skip
    with pytest.raises(ToolError, match="kept from you"):
        await names(Using(ignore="secret/"), path="secret")


async def test_links_are_named_and_not_followed(owner: SessionContext, world: Path) -> None:
    await fill(owner, "src/a.py")
    (world / "workspace/src/loop").symlink_to("..")
    (world / "workspace/src/none").symlink_to("nowhere")
    assert await names(recursive=True) == ["src/", "src/a.py", "src/loop/", "src/none"]


async def test_a_stopped_task_lists_no_further(owner: SessionContext) -> None:
    await fill(owner, "src/a.py")
    use = Using()
    plan = await planned(TOOL, use, path=".", recursive=True)
    use.stop()
    assert (await plan.act()).text == ".: nothing is in this folder."


async def test_what_is_no_folder_says_so(owner: SessionContext) -> None:
    await fill(owner, "a.py")
    assert (await planned(TOOL, Using(), path=".")).actions == (Action("read", "/workspace"),)
    assert await names(path="/home") == ["/home: nothing is in this folder."]
    for path, told in (("none", "no such folder"), ("a.py", "this is a file"), ("", "it is empty")):
        with pytest.raises(ToolError, match=told):
            await names(path=path)
