"""Source controls: what an extension shows reaches its own user's clients, and what they do reaches the extension."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import current_extension
from sessions.errors import InvalidValue
from shim import scm
from shim.source_control import SHOWN
from shim.turns import TURN
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


async def test_thousands_of_changed_files_are_shown_in_turns_and_only_the_newest(ada: SessionContext) -> None:
    screen = Screen(ada)
    look = vscode.SourceControlResourceDecorations(tooltip="Modified")

    def states(count: int) -> list[vscode.SourceControlResourceState]:
        return [vscode.SourceControlResourceState(FILE, None, look) for _ in range(count)]

    with ada.entered("acme.git"):
        group = scm.create_source_control("git", "Git").create_resource_group("index", "Staged")
        group.resource_states = states(5_000)
        await asyncio.sleep(0)
        group.resource_states = states(2_500)
        turns = 0
        while group.state()["count"] != 2_500:
            assert group.state()["count"] == 0
            turns += 1
            await asyncio.sleep(0)
    assert turns >= SHOWN // TURN
    shown = await screen.shows("sourceControlResourceGroup")
    assert (shown["count"], len(shown["resourceStates"])) == (2_500, SHOWN)
    assert shown["resourceStates"][-1] == {"resourceUri": str(FILE), "decorations": {"tooltip": "Modified"}}
    group.resource_states = []
    assert (await screen.shows("sourceControlResourceGroup"))["resourceStates"] == []


async def test_what_a_source_control_is_asked_it_is_asked_as_its_extension(ada: SessionContext) -> None:
    asked_as: list[str | None] = []

    class Originals:
        def provide_original_resource(self, uri: vscode.Uri, token: Any) -> vscode.Uri:
            asked_as.append(current_extension())
            return uri

    with ada.entered("acme.git"):
        control = scm.create_source_control("git", "Git")
        control.quick_diff_provider = Originals()
        control.input_box.validate_input = lambda text, at: asked_as.append(current_extension())
    with ada.entered():
        await control.original(FILE)
        await control.input_box.type("x")
    assert asked_as == ["acme.git", "acme.git"]


async def test_a_command_of_a_menu_gets_as_many_of_the_chosen_files_as_it_takes(ada: SessionContext) -> None:
    heard: list[Any] = []
    with ada.entered("acme.git"):
        control = scm.create_source_control("git", "Git", ROOT)
        group = control.create_resource_group("index", "Staged")
        group.resource_states = [vscode.SourceControlResourceState(vscode.Uri.file(one)) for one in ("/a", "/b")]
        vscode.commands.register_command("work.none", lambda: heard.append("none"))
        vscode.commands.register_command("work.one", lambda one: heard.append(one.resource_uri.path))
        vscode.commands.register_command("work.all", lambda *all: heard.append([one.resource_uri.path for one in all]))
        await control.run("work.none")
        await group.run("work.none")
        for command in ("work.none", "work.one", "work.all"):
            await group.run(command, {"/a", "/b"})
    assert heard == ["none", "none", "none", "/a", ["/a", "/b"]]
