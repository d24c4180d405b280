"""Where a command works, looked up on the disk where its words alone do not say it."""

from __future__ import annotations

import pytest

import shim as vscode
from extensions.coder.places import actions_of
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using

pytestmark = pytest.mark.anyio

LOOP = 'for d in a b; do cd "$d" && make; cd ..; done'


async def made(*folders: str) -> None:
    for folder in folders:
        await vscode.workspace.fs.create_directory(vscode.Uri.file(f"/workspace/{folder}"))


async def elsewhere(line: str, cwd: str = "/workspace") -> list[str | None]:
    """Where it needs leave to work, None for what only the shell will know."""
    actions = await actions_of(Using(), line, cwd)
    return [action.path for action in actions if action.kind == "work"]


async def test_a_loop_that_goes_to_folders_and_back_stays_in_the_workspace_only_where_they_are_there(
    owner: SessionContext,
) -> None:
    await made("a")
    assert await elsewhere(LOOP) != []  # `cd b` would fail, and `cd ..` leave the workspace
    await made("b")
    assert await elsewhere(LOOP) == []
    assert await elsewhere(LOOP.replace("make", "rm -r ../b")) != []


async def test_the_name_of_the_folder_is_one_word_of_the_line_only_where_it_has_no_blank(owner: SessionContext) -> None:
    await made("plain", "two -delete")
    assert await elsewhere("find $(pwd) -name x", "/workspace/plain") == []
    assert None in await elsewhere("find $(pwd) -name x", "/workspace/two -delete")
    assert await elsewhere('find "$(pwd)" -name x', "/workspace/two -delete") == []
    assert None in await elsewhere('cd "$UNKNOWN"; find $(pwd) -name x')


async def test_a_line_that_spells_very_many_folders_is_asked_about(owner: SessionContext) -> None:
    await made("plain")
    assert None in await elsewhere("; ".join(f"(cd d{number} && find $(pwd))" for number in range(300)))
