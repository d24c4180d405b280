"""As VS Code reads them: defaults, then the user's, then the workspace's; objects merged, the rest replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded, StoreError
from sessions.files import Files, Root
from sessions.memento import ABSENT, Memento
from sessions.settings import Settings
from sessions.settingsfile import SettingsFile
from sessions.store import Databases
from tests.sessions.stores import databases, eventually

pytestmark = pytest.mark.anyio

DEFAULTS = {
    "editor.fontSize": 14,
    "editor.tokens": {"colour": "black", "rules": {"a": 1, "b": 2}},
    "editor.rulers": [80, 120],
    "coder.model": None,
}


async def loaded(several: Databases, uid: str = "alice") -> Settings:
    settings = Settings(several.store(uid))
    await settings.load()
    return settings


async def test_a_workspaces_value_wins_over_the_users_and_that_over_the_default(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        settings.register_defaults(DEFAULTS)
        assert settings.get("editor.fontSize") == 14
        await settings.update("editor.fontSize", 15)
        assert settings.get("editor.fontSize") == 15
        await settings.update("editor.fontSize", 16, "workspace")
        await settings.update("editor.fontSize", 17, "global")
        assert settings.get("editor.fontSize") == 16
        assert settings.inspect("editor.fontSize") == {
            "key": "editor.fontSize",
            "default_value": 14,
            "global_value": 17,
            "workspace_value": 16,
        }
        await settings.update("editor.fontSize", target="workspace")
        await settings.update("editor.fontSize", ABSENT, "global")
        assert settings.inspect("editor.fontSize") == {"key": "editor.fontSize", "default_value": 14}


async def test_settings_are_there_after_a_restart_and_are_the_users_own(tmp_path: Path) -> None:
    async with databases(tmp_path) as first:
        settings = await loaded(first)
        await settings.update("a.b", {"c": [1, None]})
        await settings.update("a.d", False, "workspace")
        assert (await loaded(first, "bob")).effective() == {}
    async with databases(tmp_path) as second:
        assert (await loaded(second)).effective() == {"a": {"b": {"c": [1, None]}, "d": False}}


async def test_a_section_is_a_nested_object_of_what_counts(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        settings.register_defaults(DEFAULTS)
        settings.register_defaults({"coder.mode": "ask"})
        await settings.update("editor.tabSize", 2)
        assert settings.effective("editor") == {
            "fontSize": 14,
            "tokens": {"colour": "black", "rules": {"a": 1, "b": 2}},
            "rulers": [80, 120],
            "tabSize": 2,
        }
        assert settings.effective("coder") == {"model": None, "mode": "ask"}
        assert settings.effective()["editor"]["tabSize"] == 2
        assert settings.effective("editor.tokens.rules") == {"a": 1, "b": 2}
        assert settings.effective("editor.fontSize") == 14
        assert settings.effective("edit") == settings.effective("nowhere") == {}
        assert settings.get("coder.model", "default") is None
        assert settings.get("coder.nothing", "default") == "default"
        assert settings.get("editor.fontSize.more", "default") == "default"


async def test_objects_are_merged_key_by_key_and_lists_are_replaced(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        settings.register_defaults(DEFAULTS)
        await settings.update("editor.tokens", {"rules": {"b": 3}, "new": True})
        await settings.update("editor", {"tokens": {"rules": {"c": 4}}, "rulers": [100]}, "workspace")
        assert settings.get("editor.tokens") == {"colour": "black", "rules": {"a": 1, "b": 3, "c": 4}, "new": True}
        assert settings.get("editor.rulers") == [100]
        await settings.update("editor.tokens", None, "workspace")
        assert settings.get("editor.tokens", "default") is None
        assert settings.inspect("editor.tokens")["global_value"] == {"rules": {"b": 3}, "new": True}


async def test_a_key_inside_of_what_is_no_object_is_ignored(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        await asyncio.gather(settings.update("a", 5), settings.update("a.b", 6), settings.update("a.b.c", 7))
        assert settings.effective() == {"a": 5}
        await settings.update("a")
        assert settings.effective() == {"a": {"b": 6}}


async def test_what_one_reads_is_a_copy_also_of_defaults_that_users_share(tmp_path: Path) -> None:
    shared: dict[str, Any] = {"a.list": [1], "a.map": {"k": 1}}
    async with databases(tmp_path) as several:
        alice, bob = await loaded(several, "alice"), await loaded(several, "bob")
        alice.register_defaults(shared)
        undo = bob.register_defaults(shared)
        await alice.update("a.map", {"own": 2})
        alice.get("a.list").append(2)
        alice.effective("a")["map"]["k"] = 2
        alice.inspect("a.map")["default_value"]["k"] = 3
        alice.effective()["a"]["list"].append(3)
        assert bob.effective("a") == {"list": [1], "map": {"k": 1}}
        assert alice.get("a.map") == {"k": 1, "own": 2}
        undo()
        undo()
        assert (bob.effective("a"), alice.get("a.list")) == ({}, [1])


@pytest.mark.parametrize("key", ["", ".", "a.", ".a", "a..b", "a\0b", "x" * 1_025, ".".join("a" * 33), None])
async def test_a_key_that_is_none_is_refused(tmp_path: Path, key: Any) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        with pytest.raises(InvalidValue, match=r"^key: "):
            settings.update(key, 1)
        assert settings.effective() == {}


async def test_a_value_or_target_that_is_none_is_refused(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        for value in (float("nan"), {1}, "x" * (128 << 10)):
            with pytest.raises(InvalidValue, match=r"^value: of 'a.b' must be"):
                settings.update("a.b", value)
        with pytest.raises(InvalidValue, match=r"^target: must be 'global' or 'workspace'"):
            settings.update("a.b", 1, "user")
        with pytest.raises(QuotaExceeded):
            for number in range(10):
                settings.update(f"a.b{number}", "x" * (100 << 10))
        assert len(settings.effective("a")) == 5


async def test_the_deepest_settings_still_fit_into_an_answer(tmp_path: Path) -> None:
    value: Any = 1
    for _ in range(199):
        value = {"k": value}
    async with databases(tmp_path) as several:
        settings = await loaded(several)
        await settings.update(".".join("a" * 32), value)
        assert orjson.dumps({"jsonrpc": "2.0", "result": settings.effective()})


async def test_reading_before_loading_says_what_to_do(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError, match=r"await its load\(\) first"):
            Settings(several.store("alice")).effective()


async def test_settings_are_not_the_state_of_any_extension(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await (await loaded(several)).update("a.b", 1)
        for namespace in ("client", "a.b", "publisher.settings"):
            state = Memento(several.store("alice"), namespace, "global")
            await state.load()
            assert state.keys() == []


async def test_who_listens_hears_the_keys_that_changed_once_they_are_durable(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings, heard = await loaded(several), list[frozenset[str]]()
        undo = settings.listen(heard.append)
        await settings.update("a.b", 1)
        settings.update("a.c", {"d": 1}, "workspace").cancel()
        await settings.update("a.b", 1)
        await settings.update("a.never", ABSENT)
        await settings.update("a.b", True)
        await settings.update("a.b")
        await eventually(lambda: len(heard) == 4)
        assert heard == [frozenset({key}) for key in ("a.b", "a.c", "a.b", "a.b")]
        undo()
        await settings.update("a.b", 2)
        await asyncio.sleep(0)
        assert len(heard) == 4


async def test_a_change_that_cannot_be_kept_is_taken_back_and_told_to_nobody(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        settings, heard = await loaded(several), list[frozenset[str]]()
        settings.listen(heard.append)
        await several.store("alice").write("PRAGMA max_page_count = 8")
        with pytest.raises(FileSystemError, match="full"):
            await settings.update("a.b", "x" * 100_000)
        assert settings.effective() == {}
        await asyncio.sleep(0)
        assert heard == []


async def test_a_folders_file_with_countless_settings_is_not_read_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    files, now = Files(await asyncio.to_thread(Root, tmp_path / "root")), asyncio.get_running_loop()
    mapped = SettingsFile(files, "/workspace", lambda work: asyncio.ensure_future(work, loop=now))
    place = "/workspace/.vscode/settings.json"
    await files.write(place, b'{"editor.fontSize": 12}')
    assert await mapped.load() == {"editor.fontSize"}
    await files.write(place, orjson.dumps({f"k{number}": 1 for number in range(40_000)}))
    late: list[float] = []

    async def beat() -> None:
        while mapped.mistake is None:
            before = now.time()
            await asyncio.sleep(0.001)
            late.append(now.time() - before)

    async with asyncio.TaskGroup() as group:
        group.create_task(beat())
        assert await mapped.load() == frozenset()
    assert mapped.mistake is not None
    assert "at most 2000" in mapped.mistake
    assert mapped.get("editor.fontSize") == 12
    assert len(late) > 5
    with pytest.raises(InvalidValue, match="at most 2000"):
        await mapped.update("editor.fontSize", 13)
    files.close()
