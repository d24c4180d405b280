"""The proposal `places`: an extension finds its user's home, where shells find it too."""

from __future__ import annotations

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim.proposed import places

pytestmark = pytest.mark.anyio


async def test_what_an_extension_keeps_at_home_is_its_users_alone(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered("acme.hello"):
        kept = vscode.Uri.join_path(places.home(), ".roo", "rules.md")
        await vscode.workspace.fs.write_file(kept, b"ada's")
    assert kept.path == "/home/.roo/rules.md"
    with ben.entered("acme.hello"), pytest.raises(vscode.FileSystemError):
        await vscode.workspace.fs.read_file(kept)
