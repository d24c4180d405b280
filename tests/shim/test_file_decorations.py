"""File decorations: what extensions say of files reaches their own user's clients, and marks the folders above."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import file_decorations
from shim.file_decorations import CHANGED, KNOWN, FileDecorations, folders_of, told
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

MODIFIED = vscode.FileDecoration("M", "Modified", vscode.ThemeColor("gitDecoration.modifiedResourceForeground"), True)
NEW = vscode.FileDecoration("U", "Untracked", vscode.ThemeColor("gitDecoration.untrackedResourceForeground"), True)


class Marks:
    """A provider of marks by path; `awaits` makes it an async one."""

    def __init__(self, awaits: bool = False, **marks: vscode.FileDecoration) -> None:
        self.marks = {f"/workspace/{path.replace('__', '/')}": one for path, one in marks.items()}
        self.awaits = awaits
        self.changed = vscode.EventEmitter[Any]()
        self.on_did_change_file_decorations = self.changed.event

    def provide_file_decoration(self, uri: vscode.Uri, token: object) -> Any:
        if self.awaits:
            return self._later(uri)
        return self.marks.get(uri.path)

    async def _later(self, uri: vscode.Uri) -> vscode.FileDecoration | None:
        await asyncio.sleep(0)
        return self.marks.get(uri.path)


async def marks(session: SessionContext, *paths: str) -> list[dict[str, str] | None]:
    found = await session.get(FileDecorations).of([vscode.Uri.file(f"/workspace/{path}") for path in paths])
    return [told(one) for one in found]


async def changes(screen: Screen) -> list[Any]:
    await screen.settle()
    return [data["uris"] for type, data in screen.events if type == CHANGED]


async def settled(session: SessionContext) -> None:
    work = session.get(FileDecorations)._work
    if work is not None:
        await work


@pytest.mark.parametrize("awaits", [False, True])
async def test_a_file_is_marked_as_its_users_extension_says_and_for_nobody_else(
    ada: SessionContext, ben: SessionContext, awaits: bool
) -> None:
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(Marks(awaits, a=MODIFIED))
    color = "gitDecoration.modifiedResourceForeground"
    assert await marks(ada, "a", "b") == [{"badge": "M", "tooltip": "Modified", "color": color}, None]
    assert await marks(ben, "a", "b") == [None, None]


async def test_a_marked_file_marks_the_folders_above_it_until_it_is_not_marked_any_more(ada: SessionContext) -> None:
    provider = Marks(src__deep__a=MODIFIED, src__b=vscode.FileDecoration("D"))
    screen = Screen(ada)
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(provider)
        assert await marks(ada, "src") == [None]
        provider.changed.fire([vscode.Uri.file("/workspace/src/deep/a"), vscode.Uri.file("/workspace/src/b")])
        await settled(ada)
        above = {"badge": "●", "tooltip": "Contains emphasized items", "color": MODIFIED.color.id}  # type: ignore[union-attr]
        assert await marks(ada, "src/deep", "src", "other") == [above, above, None]
        del provider.marks["/workspace/src/deep/a"]
        provider.changed.fire(vscode.Uri.file("/workspace/src/deep/a"))
        await settled(ada)
    assert await marks(ada, "src/deep", "src", "src/b") == [None, None, {"badge": "D"}]
    first, second, third = await changes(screen)
    assert (first, third) == (None, ["file:///workspace/src/deep/a"])
    assert second == ["file:///workspace/src/b", "file:///workspace/src/deep/a"]


async def test_two_providers_are_heard_both(ada: SessionContext) -> None:
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(Marks(a=MODIFIED))
        second = vscode.window.register_file_decoration_provider(Marks(a=NEW))
    (both,) = await marks(ada, "a")
    assert both == {"badge": "M, U", "tooltip": "Modified • Untracked", "color": MODIFIED.color.id}  # type: ignore[union-attr]
    second.dispose()
    assert [one and one["badge"] for one in await marks(ada, "a")] == ["M"]


async def test_a_provider_that_raises_or_says_nonsense_marks_nothing_and_harms_no_other(ada: SessionContext) -> None:
    class Broken:
        def provide_file_decoration(self, uri: vscode.Uri, token: object) -> Any:
            raise RuntimeError("no")

    class Odd:
        def provide_file_decoration(self, uri: vscode.Uri, token: object) -> Any:
            return {"badge": "X"}

    with ada.entered("acme.git"):
        for provider in (Broken(), Odd(), Marks(a=MODIFIED)):
            vscode.window.register_file_decoration_provider(provider)
    assert [one and one["badge"] for one in await marks(ada, "a")] == ["M"]
    with ada.entered("acme.git"), pytest.raises(InvalidValue, match="must have provide_file_decoration"):
        vscode.window.register_file_decoration_provider(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("badge", ["u", "ü", "1", "ãã", "👋", "👋🏽👋🏽", "👩‍👩‍👧‍👧", "போ"])
async def test_a_badge_is_one_or_two_characters_as_people_count_them(ada: SessionContext, badge: str) -> None:
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(Marks(a=vscode.FileDecoration(badge)))
    assert await marks(ada, "a") == [{"badge": badge}]


@pytest.mark.parametrize("badge", ["hel", "👋👋👋", "புன்சிரிப்போடு", "ããã"])
async def test_a_mark_with_a_longer_badge_is_left_out(ada: SessionContext, badge: str) -> None:
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(Marks(a=vscode.FileDecoration(badge), b=MODIFIED))
    assert [one and one["badge"] for one in await marks(ada, "a", "b")] == [None, "M"]


async def test_what_an_extension_marked_goes_with_it(ada: SessionContext) -> None:
    with ada.entered("acme.git"):
        provider = Marks(src__a=MODIFIED)
        vscode.window.register_file_decoration_provider(provider)
        provider.changed.fire([vscode.Uri.file("/workspace/src/a")])
        await settled(ada)
    assert None not in await marks(ada, "src", "src/a")
    ada.forget_extension("acme.git")
    await settled(ada)
    assert await marks(ada, "src", "src/a") == [None, None]


async def test_a_provider_that_marked_thousands_of_files_goes_without_holding_up_the_loop(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[object] = []

    def noted(known: Iterable[dict[str, vscode.FileDecoration]]) -> dict[str, vscode.FileDecoration]:
        threads.append(threading.current_thread())
        return folders_of(known)

    monkeypatch.setattr(file_decorations, "folders_of", noted)
    provider, screen = Marks(src__a=MODIFIED), Screen(ada)
    with ada.entered("acme.git"):
        mine = vscode.window.register_file_decoration_provider(provider)
        provider.changed.fire([vscode.Uri.file("/workspace/src/a")])
        await settled(ada)
        mine.dispose()
        await settled(ada)
    assert await marks(ada, "src") == [None]
    assert threads
    assert threading.current_thread() not in threads
    assert await changes(screen) == [None, ["file:///workspace/src/a"], None]


async def test_very_many_marks_are_told_as_any_and_remembered_within_bounds(ada: SessionContext) -> None:
    provider = Marks(**{f"d__f{number}": MODIFIED for number in range(1_000)})
    screen = Screen(ada)
    with ada.entered("acme.git"):
        vscode.window.register_file_decoration_provider(provider)
        provider.changed.fire([vscode.Uri.file(path) for path in provider.marks])
        await settled(ada)
    assert await changes(screen) == [None, None]
    assert await marks(ada, "d") != [None]
    many = {f"/w/{number % 500}/{number}": MODIFIED for number in range(KNOWN)}
    assert len(folders_of([many])) == 501


async def test_clients_are_told_json_that_names_the_colour() -> None:
    assert json.dumps(told(NEW)) == json.dumps(
        {"badge": "U", "tooltip": "Untracked", "color": "gitDecoration.untrackedResourceForeground"}
    )
    assert told(None) is None
