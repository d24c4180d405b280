"""Dialogs: what a client is asked, and what its answer means."""

from __future__ import annotations

from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import OpenDialogOptions, SaveDialogOptions, Uri
from tests.shim.test_window import answered

pytestmark = pytest.mark.anyio


async def test_an_open_dialog_asks_in_the_words_of_vs_code(ada: SessionContext) -> None:
    chosen, params = await answered(
        ada,
        lambda: vscode.window.show_open_dialog(
            default_uri=Uri.file("/workspace/src"),
            open_label="Take",
            can_select_many=True,
            filters={"Python": ["py", "pyi"]},
            title="Which?",
        ),
        ["/workspace/a b.py", "file:///workspace/c%20d.py"],
    )
    assert chosen == [Uri.file("/workspace/a b.py"), Uri.file("/workspace/c d.py")]
    assert params == [
        {
            "method": "window.showOpenDialog",
            "defaultUri": "file:///workspace/src",
            "filters": {"Python": ["py", "pyi"]},
            "title": "Which?",
            "openLabel": "Take",
            "canSelectFiles": True,
            "canSelectFolders": False,
            "canSelectMany": True,
        }
    ]


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        (["/workspace/a", "/workspace/b"], [Uri.file("/workspace/a")]),
        ("/workspace/a", [Uri.file("/workspace/a")]),
        (None, None),
        ([], None),
        (["http://elsewhere/a", 7, None], None),
        (["relative"], None),
    ],
)
async def test_only_files_can_be_chosen_and_one_unless_told_otherwise(
    ada: SessionContext, answer: object, chosen: list[Uri] | None
) -> None:
    assert (await answered(ada, vscode.window.show_open_dialog, answer))[0] == chosen


async def test_folders_are_chosen_instead_of_files(ada: SessionContext) -> None:
    _, params = await answered(ada, lambda: vscode.window.show_open_dialog(can_select_folders=True), None)
    assert (params[0]["canSelectFiles"], params[0]["canSelectFolders"]) == (False, True)


@pytest.mark.parametrize(
    ("answer", "chosen"), [("/workspace/new.txt", Uri.file("/workspace/new.txt")), (None, None), (["/a"], None)]
)
async def test_a_save_dialog_gives_the_file_to_write(ada: SessionContext, answer: object, chosen: Uri | None) -> None:
    result, params = await answered(ada, lambda: vscode.window.show_save_dialog(save_label="Keep"), answer)
    assert result == chosen
    assert params == [
        {"method": "window.showSaveDialog", "defaultUri": "file:///workspace", "saveLabel": "Keep"},
    ]


@pytest.mark.parametrize(("answer", "index"), [("workspace", 0), (0, 0), (None, None), ("other", None)])
async def test_a_workspace_folder_is_picked(ada: SessionContext, answer: Any, index: int | None) -> None:
    result, params = await answered(ada, vscode.window.show_workspace_folder_pick, answer)
    assert (result.index if result else None) == index
    assert params[0]["items"] == [{"label": "workspace", "description": "/workspace"}]


async def test_options_may_come_in_one(ada: SessionContext) -> None:
    _, params = await answered(
        ada, lambda: vscode.window.show_save_dialog(SaveDialogOptions(filters={"Text": ["txt"]}, title="T")), None
    )
    assert (params[0]["filters"], params[0]["title"]) == ({"Text": ["txt"]}, "T")
    chosen, params = await answered(
        ada, lambda: vscode.window.show_open_dialog(OpenDialogOptions(can_select_many=True)), ["/a", "/b"]
    )
    assert chosen == [Uri.file("/a"), Uri.file("/b")]
