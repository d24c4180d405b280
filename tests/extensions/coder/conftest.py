"""A user in whose workspace a repository of a Roo Code user lies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import shim as vscode
from sessions.context import SessionContext
from tests.extensions.coder.repository import FILES
from tests.people import people


@pytest.fixture
async def ada(tmp_path: Path) -> AsyncIterator[SessionContext]:
    """Ada's session, entered, with nothing in it."""
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        with session.entered("roost.coder"):
            yield session


@pytest.fixture
async def roo(ada: SessionContext) -> vscode.Uri:
    """The folder of her repository; her own `~/.roo` is there, too."""
    await lay(FILES)
    return vscode.Uri.file("/workspace")


async def lay(files: dict[str, str]) -> None:
    """Write files by their paths: relative ones in the workspace, `~/` at home."""
    for path, text in files.items():
        place = path.replace("~/", "/home/", 1) if path.startswith("~/") else f"/workspace/{path}"
        await vscode.workspace.fs.write_file(vscode.Uri.file(place), text.encode())
