"""Walk: what an extension shows and asks reaches its user's clients, and nobody else's, over the real wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Refused, connect, running
from tests.people import extension

pytestmark = pytest.mark.anyio

MANIFEST = """
activation_events = ["onCommand:painter.paint", "onCommand:painter.heard"]
[[contributes.commands]]
command = "painter.paint"
title = "Paint"
[[contributes.commands]]
command = "painter.heard"
title = "Heard"
[[contributes.commands]]
command = "painter.editor"
title = "Editor"
"""

CODE = """
import asyncio
import shim as vscode
from shim import ProgressLocation, QuickPickItem, StatusBarAlignment

heard = []

def activate(context):
    async def work(progress, token):
        stop = asyncio.Event()
        token.on_cancellation_requested(lambda _: stop.set())
        progress.report("at it", 10)
        await stop.wait()
        heard.append("cancelled")

    def paint(name):
        item = vscode.window.create_status_bar_item(StatusBarAlignment.LEFT, 5)
        item.text, item.command = name, vscode.Command("Hear", "painter.hear", arguments=["clicked"])
        item.show()
        channel = vscode.window.create_output_channel(name, log=True)
        channel.info("painted")
        pick = vscode.window.create_quick_pick()
        pick.items = [QuickPickItem("one"), QuickPickItem("two")]
        pick.on_did_accept(lambda _: heard.append([one.label for one in pick.selected_items]))
        pick.on_did_hide(lambda _: heard.append("hidden"))
        pick.show()
        vscode.window.with_progress(work, location=ProgressLocation.NOTIFICATION, title="Work", cancellable=True)

    def editor():
        shown = vscode.window.active_text_editor
        if shown is None:
            return None
        text, rows = shown.document.get_text(shown.selection), [one.start.line for one in shown.visible_ranges]
        return [shown.document.uri.path, text, rows, shown.options.tab_size, int(shown.view_column)]

    async def write(text):
        edits = lambda edit: edit.replace(vscode.window.active_text_editor.selection, text)
        return await vscode.window.active_text_editor.edit(edits)

    async def show(path):
        await vscode.window.show_text_document(vscode.Uri.file(path))

    vscode.window.on_did_change_window_state(lambda state: heard.append(state.focused))
    context.subscriptions += [
        vscode.commands.register_command("painter.paint", paint),
        vscode.commands.register_command("painter.editor", editor),
        vscode.commands.register_command("painter.write", write),
        vscode.commands.register_command("painter.show", show),
        vscode.commands.register_command("painter.hear", heard.append),
        vscode.commands.register_command("painter.heard", lambda: list(heard)),
    ]
"""


@pytest.fixture(scope="module")
def painters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the extension above."""
    folder = tmp_path_factory.mktemp("painters")
    place: Path = extension(folder / "extensions", "painter", MANIFEST, extension=CODE)
    with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=f'["{place}"]') as process:
        yield process.base


async def pieces(client: Client, *kinds: str) -> dict[str, dict[str, Any]]:
    """What the user's extensions show, by kind, once there is something of each kind."""
    while True:
        shown = {piece["kind"]: piece for piece in (await client.call("window.surface"))["pieces"]}
        if shown.keys() >= set(kinds):
            return shown
        await asyncio.sleep(0.01)


async def heard(client: Client, *last: object) -> list[Any]:
    """What the extension heard, once it ends with `last`."""
    async with asyncio.timeout(20):
        while True:
            said: list[Any] = await client.call("commands.executeCommand", command="painter.heard")
            if said[len(said) - len(last) :] == list(last):
                return said
            await asyncio.sleep(0.01)


async def test_a_client_shows_and_answers_what_an_extension_makes(painters: str, alice: str) -> None:
    async with connect(painters, alice) as early, connect(painters, alice) as late:
        await early.call("session.open")
        await early.call("commands.executeCommand", command="painter.paint", arguments=["blue"])
        kinds = set()
        while kinds != {"statusBarItem", "outputChannel", "quickPick", "progress"}:
            event = (await early.next())["params"]
            assert event["type"] == "window.onDidChangeSurface"
            kinds.add(event["data"]["kind"])
        shown = await pieces(late, *kinds)
        handles = {kind: shown[kind]["handle"] for kind in kinds}
        assert shown["statusBarItem"]["state"]["text"] == "blue"
        assert shown["statusBarItem"]["state"]["command"] == {
            "title": "Hear",
            "command": "painter.hear",
            "tooltip": None,
        }
        await late.call("window.clickStatusBarItem", handle=handles["statusBarItem"])
        assert await heard(late, "clicked") == ["clicked"]
        await late.call("window.quickInput.changeSelection", handle=handles["quickPick"], items=[1])
        await early.call("window.quickInput.accept", handle=handles["quickPick"])
        await early.call("window.quickInput.hide", handle=handles["quickPick"])
        assert await heard(late, ["two"], "hidden")
        await early.call("window.cancelProgress", handle=handles["progress"])
        assert await heard(late, "cancelled")
        (channel,) = await late.call("window.output.list")
        read = await late.call("window.output.read", handle=channel["handle"])
        assert read["text"].endswith("[info] painted\n")
        assert (read["begin"], read["end"]) == (0, len(read["text"]))
        await late.call("window.output.setLogLevel", handle=channel["handle"], level=5)
        assert (await pieces(late, "outputChannel"))["outputChannel"]["state"]["logLevel"] == 5


async def test_nobody_else_sees_or_touches_it(painters: str, alice: str, bob: str) -> None:
    async with connect(painters, alice) as one, connect(painters, bob) as other:
        await other.call("session.open")
        await one.call("commands.executeCommand", command="painter.paint", arguments=["secret"])
        shown = await pieces(one, "statusBarItem", "outputChannel", "quickPick", "progress")
        assert (await other.call("window.surface"))["pieces"] == []
        assert await other.call("window.output.list") == []
        for method, kind, more in (
            ("window.clickStatusBarItem", "statusBarItem", {}),
            ("window.cancelProgress", "progress", {}),
            ("window.output.read", "outputChannel", {}),
            ("window.output.clear", "outputChannel", {}),
            ("window.quickInput.accept", "quickPick", {}),
            ("window.quickInput.hide", "quickPick", {}),
            ("window.quickInput.changeValue", "quickPick", {"value": "x"}),
        ):
            with pytest.raises(Refused, match="of this user") as caught:
                await other.call(method, handle=shown[kind]["handle"], **more)
            assert caught.value.code == -32602
        assert await heard(one) == []
        await other.call("session.ping")
        assert "secret" not in str(other.heard)


async def test_the_window_has_the_focus_as_long_as_a_client_that_has_it_is_there(painters: str, alice: str) -> None:
    async with connect(painters, alice) as one:
        await one.call("commands.executeCommand", command="painter.heard")
        async with connect(painters, alice) as other:
            await one.call("window.changeState", focused=False)
            await other.call("window.changeState", focused=True)
            assert await heard(one, True) == [True]
        assert await heard(one, False) == [True, False]


async def test_a_clipboard_passes_between_a_client_and_an_extension(painters: str, alice: str, bob: str) -> None:
    async with connect(painters, alice) as one, connect(painters, bob) as other:
        await one.call("env.clipboard.writeText", value="copied")
        assert await one.call("env.clipboard.readText") == "copied"
        assert await other.call("env.clipboard.readText") == ""


async def test_an_editor_is_the_same_for_a_client_and_an_extension(painters: str, alice: str, bob: str) -> None:
    async with connect(painters, alice) as one, connect(painters, bob) as other:
        await heard(one)
        await one.call("workspace.fs.writeFile", uri="/workspace/a.txt", content="one\ntwo\nthree\n")
        shown = await one.call("window.showTextDocument", uri="/workspace/a.txt", viewColumn=-1, preview=False)
        places = [{"line": 1, "character": 0}, {"line": 1, "character": 3}]
        selected = [{"anchor": places[0], "active": places[1]}]
        seen = [{"start": places[0], "end": {"line": 2, "character": 0}}]
        more: tuple[tuple[str, dict[str, Any]], ...] = (
            ("changeSelection", {"selections": selected, "kind": 2}),
            ("changeVisibleRanges", {"ranges": seen}),
            ("changeOptions", {"tabSize": 8}),
        )
        for method, params in more:
            with pytest.raises(Refused, match="of this user"):
                await other.call(f"window.editor.{method}", editor=shown["editor"], **params)
            await one.call(f"window.editor.{method}", editor=shown["editor"], **params)
        expected = ["/workspace/a.txt", "two", [1], 8, 1]
        assert await one.call("commands.executeCommand", command="painter.editor") == expected
        assert await other.call("commands.executeCommand", command="painter.editor") is None
        assert await one.call("commands.executeCommand", command="painter.write", arguments=["2"]) is True
        opened = await one.call("workspace.openTextDocument", uri="/workspace/a.txt")
        assert (opened["text"], opened["isDirty"]) == ("one\n2\nthree\n", True)
        (tab,) = (await pieces(one, "tabGroups"))["tabGroups"]["state"]["groups"][0]["tabs"]
        assert (tab["handle"], tab["isDirty"], tab["label"]) == (shown["tab"], True, "a.txt")
        for wrong in ({"kind": 9, "selections": selected}, {"selections": []}, {"selections": [{"anchor": places[0]}]}):
            with pytest.raises(Refused) as caught:
                await one.call("window.editor.changeSelection", editor=shown["editor"], **wrong)
            assert caught.value.code == -32602


async def test_what_an_extension_shows_without_a_client_is_there_for_one_that_comes(painters: str, alice: str) -> None:
    async with connect(painters, alice) as one:
        await heard(one)
        await one.call("workspace.fs.writeFile", uri="/workspace/b.txt", content="text")
        await one.call("commands.executeCommand", command="painter.show", arguments=["/workspace/b.txt"])
    async with connect(painters, alice) as late:
        editor = (await pieces(late, "textEditor", "tabGroups"))["textEditor"]
        assert editor["state"]["uri"] == "file:///workspace/b.txt"
        await late.call("window.tabs.close", tab=editor["state"]["tab"])
        assert await late.call("commands.executeCommand", command="painter.editor") is None
