"""Source controls: what an extension shows reaches its own user's clients, and what they do reaches the extension."""

from __future__ import annotations

from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import scm
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

ROOT = vscode.Uri.file("/workspace")
FILE = vscode.Uri.file("/workspace/a.py")


def shown(session: SessionContext) -> list[dict[str, Any]]:
    return Screen(session, late=True).of("sourceControl")


async def test_what_an_extension_shows_is_there_for_its_users_clients_only(
    ada: SessionContext, ben: SessionContext
) -> None:
    with ada.entered("acme.git"):
        control = scm.create_source_control("git", "Git", ROOT)
        control.count = 2
        control.input_box.placeholder = "Message"
        control.accept_input_command = vscode.Command("Commit", "git.commit", arguments=["secret"])
        group = control.create_resource_group("index", "Staged")
        group.hide_when_empty = True
        look = vscode.SourceControlResourceDecorations(strike_through=True, tooltip="Deleted")
        group.resource_states = [vscode.SourceControlResourceState(FILE, None, look, "file")]
    assert shown(ada) == [
        {
            "id": "git",
            "label": "Git",
            "extension": "acme.git",
            "rootUri": "file:///workspace",
            "count": 2,
            "acceptInputCommand": {"title": "Commit", "command": "git.commit", "tooltip": None},
        }
    ]
    (box,) = Screen(ada, late=True).of("sourceControlInputBox")
    assert box == {
        "sourceControl": control.handle,
        "value": "",
        "placeholder": "Message",
        "enabled": True,
        "visible": True,
    }
    assert Screen(ada, late=True).of("sourceControlResourceGroup") == [
        {
            "sourceControl": control.handle,
            "id": "index",
            "label": "Staged",
            "hideWhenEmpty": True,
            "count": 1,
            "resourceStates": [
                {
                    "resourceUri": "file:///workspace/a.py",
                    "decorations": {"strikeThrough": True, "tooltip": "Deleted"},
                    "contextValue": "file",
                }
            ],
        }
    ]
    assert (control.id, control.root_uri, group.resource_states[0].resource_uri) == ("git", ROOT, FILE)
    assert (shown(ben), ben.mailbox.seq) == ([], 0)


async def test_the_input_box_of_the_newest_is_that_of_old_code(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        assert scm.input_box is None
        scm.create_source_control("one", "One")
        newest = scm.create_source_control("two", "Two")
        newest.input_box.value = "text"
        assert scm.input_box is newest.input_box
    with ben.entered():
        assert scm.input_box is None


async def test_source_controls_go_with_all_their_parts(ada: SessionContext) -> None:
    for extension in ("acme.git", "acme.hg"):
        with ada.entered(extension):
            control = scm.create_source_control(extension, extension)
            control.create_resource_group("a", "A").dispose()
            control.create_resource_group("b", "B")
    assert [group["id"] for group in Screen(ada, late=True).of("sourceControlResourceGroup")] == ["b", "b"]
    control.dispose()
    control.dispose()
    control.count = 5
    assert [one["label"] for one in shown(ada)] == ["acme.git"]
    assert len(Screen(ada, late=True).of("sourceControlInputBox")) == 1
    ada.forget_extension("acme.git")
    assert Screen(ada, late=True).pieces == {}


async def test_what_a_client_types_and_accepts_reaches_the_extension(ada: SessionContext) -> None:
    committed: list[Any] = []
    with ada.entered("acme.git"):
        control = scm.create_source_control("git", "Git")
        control.accept_input_command = vscode.Command("Commit", "git.commit", arguments=[1])
        control.input_box.validate_input = lambda text, position: "too short" if position < 5 else None
        vscode.commands.register_command("git.commit", lambda by: committed.append((by, control.input_box.value)))
        assert await control.input_box.type("fix") == "too short"
        assert await control.input_box.type("fix it all") is None
        await control.accept()
    assert committed == [(1, "fix it all")]


async def test_choosing_a_changed_file_runs_its_command(ada: SessionContext) -> None:
    opened: list[Any] = []
    with ada.entered("acme.git"):
        group = scm.create_source_control("git", "Git").create_resource_group("index", "Staged")
        open_it = vscode.Command("Open", "git.open", arguments=[FILE])
        group.resource_states = [vscode.SourceControlResourceState(FILE, open_it)]
        vscode.commands.register_command("git.open", opened.append)
        await group.open(0)
        assert opened == [FILE]
        for index in (1, -1):
            with pytest.raises(InvalidValue, match="index: is of no resource"):
                await group.open(index)


async def test_what_a_file_was_is_asked_of_the_extension(ada: SessionContext) -> None:
    class Diffs:
        def provide_original_resource(self, uri: Any, token: Any) -> Any:
            return uri.with_(scheme="git")

    with ada.entered("acme.git"):
        control = scm.create_source_control("git", "Git")
        assert await control.original(FILE) is None
        control.quick_diff_provider = Diffs()
        assert str(await control.original(FILE)) == "git:/workspace/a.py"


async def test_what_a_source_control_does_not_have_cannot_be_set(ada: SessionContext) -> None:
    with ada.entered():
        control = scm.create_source_control("git", "Git")
        with pytest.raises(AttributeError):
            control.resources = 1  # type: ignore[attr-defined]
        group = control.create_resource_group("a", "A")
        with pytest.raises((InvalidValue, TypeError)):
            group.resource_states = [7]  # type: ignore[list-item]
