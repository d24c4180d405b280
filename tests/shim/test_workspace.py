"""workspace and env: looked up for the user whose turn it is, each time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import NoCurrentUser
from shim import encodings

pytestmark = pytest.mark.anyio


async def test_the_workspace_is_one_folder(ada: SessionContext) -> None:
    with ada.entered():
        (folder,) = vscode.workspace.workspace_folders
        assert (str(folder.uri), folder.name, folder.index) == ("file:///workspace", "workspace", 0)
        assert vscode.workspace.root_path == "/workspace"
        assert vscode.workspace.name == "workspace"
        assert vscode.workspace.workspace_file is None


async def test_it_is_the_folder_of_whoever_asks(ada: SessionContext, ben: SessionContext) -> None:
    ben.workspace = "/home/src/project"
    for session, path in ((ada, "/workspace"), (ben, "/home/src/project")):
        with session.entered():
            assert vscode.workspace.root_path == path
            assert vscode.workspace.workspace_folders[0].uri.path == path
    with ben.entered():
        assert vscode.workspace.name == "project"


async def test_a_folder_is_equal_to_itself_and_read_only(ada: SessionContext) -> None:
    with ada.entered():
        folder = vscode.workspace.workspace_folders[0]
        assert folder == vscode.workspace.workspace_folders[0]
    with pytest.raises(AttributeError, match="read-only"):
        folder.name = "mine"  # type: ignore[misc]  # that it cannot be is the test


def test_outside_of_a_user_there_is_no_workspace() -> None:
    with pytest.raises(NoCurrentUser):
        _ = vscode.workspace.workspace_folders


def test_a_name_that_is_none_is_no_attribute() -> None:
    assert not hasattr(vscode.workspace, "no_such_thing")


async def test_large_texts_are_encoded_and_decoded_beside_the_loop(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    encoded, decoded = encodings.encoded, encodings.decoded

    def noted(work: Any) -> Any:
        def call(*arguments: Any) -> Any:
            threads.append(threading.get_ident())
            return work(*arguments)

        return call

    monkeypatch.setattr(encodings, "encoded", noted(encoded))
    monkeypatch.setattr(encodings, "decoded", noted(decoded))
    with ada.entered():
        for text in ("é", "é" * 1_000_000):
            content = await vscode.workspace.encode(text, encoding="windows1252")
            assert await vscode.workspace.decode(content, encoding="windows1252") == text
    here = threading.get_ident()
    assert [one == here for one in threads] == [True, True, False, False]
