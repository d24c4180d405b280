"""The proposal `paths`: where a path leads, in the world of the user who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim.proposed import paths

pytestmark = pytest.mark.anyio


async def test_a_link_leads_within_its_users_world(ada: SessionContext, ben: SessionContext, tmp_path: Path) -> None:
    (tmp_path / "users/ada/root/workspace/to").symlink_to("/home/kept")
    with ada.entered():
        assert await paths.real(vscode.Uri.file("/workspace/./to/a")) == vscode.Uri.file("/home/kept/a")
    with ben.entered():
        assert await paths.real(vscode.Uri.file("/workspace/to/a")) == vscode.Uri.file("/workspace/to/a")


async def test_what_is_no_file_has_no_place(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="must be a file: Uri"):
        paths.real(vscode.Uri.parse("https://example.com/a"))
