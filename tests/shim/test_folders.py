"""Workspace folders: which there are, what is said of their changes, and what lies in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import Uri, workspace

pytestmark = pytest.mark.anyio

LIB, SRC = Uri.file("/home/lib"), Uri.file("/home/src")


def told() -> list[tuple[list[str], list[str]]]:
    heard: list[tuple[list[str], list[str]]] = []

    def hear(event: Any) -> None:
        heard.append(([one.name for one in event.added], [one.name for one in event.removed]))

    workspace.on_did_change_workspace_folders(hear)
    return heard


def names() -> list[str]:
    return [folder.name for folder in workspace.workspace_folders or ()]


async def test_folders_are_added_replaced_and_taken_away(ada: SessionContext) -> None:
    with ada.entered():
        heard = told()
        assert workspace.update_workspace_folders(1, None, LIB, {"uri": SRC, "name": "source"})
        assert (names(), [folder.index for folder in workspace.workspace_folders or ()]) == (
            ["workspace", "lib", "source"],
            [0, 1, 2],
        )
        assert workspace.name == "Untitled (Workspace)" and workspace.workspace_file.scheme == "untitled"
        assert workspace.update_workspace_folders(0, 2)
        assert (names(), workspace.name, workspace.root_path) == (["source"], "source", "/home/src")
        assert workspace.update_workspace_folders(0, 1)
        assert (workspace.workspace_folders, workspace.name, workspace.root_path) == (None, None, None)
        assert heard == [(["lib", "source"], []), ([], ["workspace", "lib"]), ([], ["source"])]


@pytest.mark.parametrize(
    ("start", "count", "added"),
    [
        (0, 0, []),
        (-1, 0, [LIB]),
        (0, -1, [LIB]),
        (0, 2, []),
        (2, 0, [LIB]),
        (1, 0, [LIB, LIB]),
        ("0", 0, [LIB]),
        (0, 1, [Uri.file("/workspace")]),
    ],
)
async def test_what_makes_no_sense_changes_nothing(ada: SessionContext, start: Any, count: int, added: Any) -> None:
    with ada.entered():
        heard = told()
        assert workspace.update_workspace_folders(start, count, *added) is False
        assert (names(), heard) == (["workspace"], [])


async def test_a_folder_that_stays_is_the_same_object_with_its_new_name_and_place(ada: SessionContext) -> None:
    with ada.entered():
        assert workspace.workspace_folders is not None
        (first,) = workspace.workspace_folders
        heard = told()
        seen: list[Any] = []
        workspace.on_did_change_workspace_folders(seen.append)
        assert workspace.update_workspace_folders(0, 0, LIB, SRC)
        lib, src, last = workspace.workspace_folders
        assert last is first and (first.index, seen[0].added) == (2, (lib, src))
        assert seen[0].added[0] is lib
        assert workspace.update_workspace_folders(0, 3, SRC, {"uri": LIB, "name": "renamed"}, first.uri)
        assert [one is other for one, other in zip(workspace.workspace_folders, (src, lib, first), strict=True)] == [
            True
        ] * 3
        assert [(one.name, one.index) for one in (src, lib, first)] == [("src", 0), ("renamed", 1), ("workspace", 2)]
        assert workspace.update_workspace_folders(1, 1)
        assert seen[-1].removed[0] is lib
    assert heard == [(["lib", "src"], []), ([], []), ([], ["renamed"])]


async def test_clients_hear_of_new_names_as_well(ada: SessionContext) -> None:
    follower = ada.mailbox.follow(None)
    with ada.entered():
        workspace.update_workspace_folders(0, 1, {"uri": Uri.file("/workspace"), "name": "mine"})
    ((event,),) = [await anext(follower)]
    uri = "file:///workspace"
    assert json.loads(event.data_json) == {
        "added": [{"uri": uri, "name": "mine"}],
        "removed": [{"uri": uri, "name": "workspace"}],
    }


async def test_what_is_no_uri_is_refused(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="Uri"):
        workspace.update_workspace_folders(0, 0, "/home/lib")  # type: ignore[arg-type]


async def test_the_path_of_a_folder_begins_with_a_slash(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="must be that of a folder, such as"):
        workspace.update_workspace_folders(0, 0, {"uri": Uri.parse("foo:bar")})


async def test_another_users_folders_stay_theirs(ada: SessionContext, ben: SessionContext) -> None:
    with ben.entered():
        heard = told()
    with ada.entered():
        workspace.update_workspace_folders(1, 0, LIB)
        assert workspace.get_workspace_folder(Uri.file("/home/lib/a")) is not None
    with ben.entered():
        assert (names(), heard) == (["workspace"], [])
        assert workspace.get_workspace_folder(Uri.file("/home/lib/a")) is None


async def test_a_path_reads_as_it_lies_in_its_folder(ada: SessionContext) -> None:
    with ada.entered():
        assert workspace.as_relative_path(Uri.file("/workspace/a/b.py")) == "a/b.py"
        assert workspace.as_relative_path("/workspace2/a") == "/workspace2/a"
        assert workspace.as_relative_path("/workspace/a", include_workspace_folder=True) == "workspace/a"
        assert workspace.get_workspace_folder(Uri.parse("untitled:/workspace/a")) is None
        workspace.update_workspace_folders(0, 1, {"uri": Uri.file("/"), "name": "all"})
        assert workspace.as_relative_path("/workspace/a") == "workspace/a"
