"""`files.associations`: which files are of which language, by a user's own settings."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.globs import Glob
from shim import Uri, WorkspaceEdit, associations
from shim.associations import LARGEST_ALL, MOST
from shim.documents import Documents

pytestmark = pytest.mark.anyio


async def language_of(session: SessionContext, path: str, setting: Any) -> str:
    await session.settings.update("files.associations", setting, "global")
    return await session.get(Documents).language_of(Uri.file(path))


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("/workspace/a.TPL", "html"), ("/workspace/conf/app.cfg", "ini"), ("/workspace/app.cfg", "properties"),
        ("/workspace/deep/conf/b.cfg", "ini"), ("/workspace/x.long.tpl", "jinja"), ("/workspace/odd.x", "plaintext"),
        ("/workspace/a.one", "html"), ("/workspace/a.two", "html"), ("/workspace/a.py", "python"),
        ("/workspace/top.t", "ini"), ("/workspace/deep/top.t", "perl"), ("/workspace/a.same", "ini"),
    ],
)  # fmt: skip
async def test_settings_say_which_files_are_of_which_language(ada: SessionContext, path: str, language: str) -> None:
    setting = {
        "*.tpl": "html", "*.long.tpl": "jinja", "**/conf/*.cfg": "ini", "*.x": 5, "*.{ONE,two}": "html", "{": "html",
        "/workspace/*.t": "ini", "*.{" * 500: "html", "*.sam?": "html", "*.same": "html", "?.same": "ini",
    }  # fmt: skip
    assert await language_of(ada, path, setting) == language


async def test_a_document_is_in_the_language_that_the_settings_say(ada: SessionContext) -> None:
    await ada.settings.update("files.associations", {"*.tpl": "html"}, "global")
    await ada.files.write("/workspace/a.tpl", b"x")
    with ada.entered():
        document = await vscode.workspace.open_text_document("/workspace/a.tpl")
        new = await vscode.workspace.open_text_document(Uri.parse("untitled:/workspace/new.tpl"))
        assert (document.language_id, new.language_id) == ("html", "html")
        await ada.settings.update("files.associations", {"*.x": "python"}, "global")
        edit = WorkspaceEdit()
        edit.rename_file(document.uri, Uri.file("/workspace/a.x"))
        assert await vscode.workspace.apply_edit(edit)
        moved = ada.get(Documents).find(Uri.file("/workspace/a.x"))
        assert moved is not None and moved.language_id == "python"


async def test_many_patterns_are_made_ready_once_and_beside_the_loop(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[threading.Thread] = []

    class Noted(Glob):
        def __init__(self, glob: object) -> None:
            made.append(threading.current_thread())
            super().__init__(glob)

    monkeypatch.setattr(associations, "Glob", Noted)
    setting = {f"*.x{number}": "html" for number in range(4_000)}
    assert await language_of(ada, "/workspace/a.x7", setting) == "html"
    assert await ada.get(Documents).language_of(Uri.file("/workspace/a.x8")) == "html"
    assert len(made) == MOST and threading.main_thread() not in made


async def test_patterns_that_are_huge_together_count_until_they_are_too_large(ada: SessionContext) -> None:
    setting = {f"*.{{a{number},{','.join('x' * 100)}}}": "html" for number in range(MOST)}
    names = [f"/workspace/a.a{number}" for number in range(MOST)]
    found = [await language_of(ada, names[0], setting)]
    found += [await ada.get(Documents).language_of(Uri.file(name)) for name in names[1:]]
    assert found[0] == "html" and found[-1] == "plaintext"
    patterns = ada.get(Documents).associations._patterns
    assert patterns and sum(len(one.glob.ready().pattern) for one in patterns) <= LARGEST_ALL


async def test_settings_that_change_while_patterns_are_made_ready_count_the_next_time(ada: SessionContext) -> None:
    await ada.settings.update("files.associations", {"*.tpl": "html"}, "global")
    asked = asyncio.ensure_future(ada.get(Documents).language_of(Uri.file("/workspace/a.tpl")))
    await asyncio.sleep(0)
    await ada.settings.update("files.associations", {"*.tpl": "jinja"}, "global")
    await asked
    assert await ada.get(Documents).language_of(Uri.file("/workspace/a.tpl")) == "jinja"
