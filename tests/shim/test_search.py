"""Finding files: what a glob means in the user's own workspace, bounded and cancellable."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions import globs
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from sessions.globs import compiled
from shim.watchers import Watchers

pytestmark = pytest.mark.anyio

FILES = ("a.py", "src/b.py", "src/deep/c.py", "src/d.txt", ".git/e.py", "node_modules/f.py", "src/B.PY", "x,y.py")


@pytest.fixture
async def filled(ada: SessionContext) -> SessionContext:
    """Ada, with some files."""
    for path in FILES:
        await ada.files.write(f"/workspace/{path}", b"x")
    return ada


async def names(session: SessionContext, *args: Any, **more: Any) -> set[str]:
    with session.entered():
        return {uri.path.removeprefix("/workspace/") for uri in await vscode.workspace.find_files(*args, **more)}


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("**/*.py", {"a.py", "src/b.py", "src/deep/c.py", "node_modules/f.py", "x,y.py"}),
        ("*.py", {"a.py", "x,y.py"}),
        ("src/*.{py,txt}", {"src/b.py", "src/d.txt"}),
        ("src/**", {"src/b.py", "src/deep/c.py", "src/d.txt", "src/B.PY"}),
        ("**/[a-b].py", {"a.py", "src/b.py"}),
        ("{a.py,src/d.txt}", {"a.py", "src/d.txt"}),
        (vscode.RelativePattern("/workspace/src", "*.py"), {"src/b.py"}),
        (vscode.RelativePattern("/workspace/none", "*"), set()),
        ("../**", set()),
        ("none", set()),
    ],
)
async def test_files_are_found_as_vs_code_finds_them(filled: SessionContext, include: Any, expected: set[str]) -> None:
    assert await names(filled, include) == expected


async def test_what_is_excluded_is_not_found(filled: SessionContext) -> None:
    assert ".git/e.py" in await names(filled, "**/*.py", None)
    assert await names(filled, "**/*.py", "{.git,node_modules,src}/**") == {"a.py", "x,y.py"}
    assert await names(filled, "**/*.py", "**/deep") == {"a.py", "src/b.py", "node_modules/f.py", "x,y.py"}
    assert "src/deep/c.py" not in await names(filled, "**/*.py", "**/deep")


async def test_one_finds_ones_own_files_only(filled: SessionContext, ben: SessionContext, tmp_path: Path) -> None:
    (tmp_path / "users/ben/root/workspace/out").symlink_to(tmp_path / "users/ada/root/workspace")
    (tmp_path / "users/ben/root/workspace/up").symlink_to("/")
    assert await names(ben, "**", None) == set()
    assert await names(ben, vscode.RelativePattern("/workspace/../../ada/root/workspace", "**")) == set()


async def test_no_more_than_asked_for_are_found(filled: SessionContext) -> None:
    assert len(await names(filled, "**", None, 3)) == 3
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(InvalidValue, match="max_results"):
            await names(filled, "**", None, wrong)


async def test_a_cancelled_search_finds_nothing(filled: SessionContext) -> None:
    source = vscode.CancellationTokenSource()
    with filled.entered():
        searching = vscode.workspace.find_files("**", None, None, source.token)
        source.cancel()
        assert await searching == []
        assert await vscode.workspace.find_files("**", None, None, source.token) == []


@pytest.mark.parametrize("pattern", ["a\0b", "x" * 1_000_000, "{a,b}" * 20, 5])
async def test_what_is_no_pattern_is_refused(filled: SessionContext, pattern: Any) -> None:
    with pytest.raises(InvalidValue, match="include"):
        await names(filled, pattern)
    with pytest.raises(InvalidValue, match="exclude"):
        await names(filled, "**", pattern)


async def test_patterns_are_made_ready_beside_the_loop(filled: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    ready: dict[str, int] = {}

    def noted(glob: str) -> re.Pattern[str]:
        ready[glob] = threading.get_ident()
        return compiled(glob)

    monkeypatch.setattr(globs, "compiled", noted)
    await filled.settings.update("files.exclude", {"**/none-of-these": True})
    assert await names(filled, "*.py", "a*") == {"x,y.py"}
    with filled.entered():
        await filled.get(Watchers).watch("w*")
    assert {"**/none-of-these", "*.py", "a*", "w*"} <= ready.keys()
    assert threading.get_ident() not in ready.values()
