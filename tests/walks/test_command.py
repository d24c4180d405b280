"""Walk 1: a command that reads a file, from the socket through an extension to the user's disk and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Refused, connect, running
from tests.people import extension

pytestmark = pytest.mark.anyio


async def test_a_command_of_an_extension_reads_the_callers_own_file(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        for client, text in ((one, "three little words"), (other, "two words")):
            await client.call("session.open")
            await client.call("workspace.fs.writeFile", uri="/workspace/note.txt", content=text)
        counts = await asyncio.gather(
            *(
                client.call("commands.executeCommand", command="hello.countWords", arguments=["note.txt"])
                for client in (one, other)
            )
        )
        assert counts == [3, 2]
        for client, count in ((one, 3), (other, 2)):
            event = await client.next()
            assert event["uid"] == client.uid
            assert event["params"]["seq"] == 1
            assert event["params"]["type"].startswith("hello.")
            assert event["params"]["data"]["words"] == count


async def test_what_an_extension_remembers_is_its_users_own(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        await one.call("commands.executeCommand", command="hello.remember", arguments=["the blue one"])
        assert await one.call("commands.executeCommand", command="hello.recall") == "the blue one"
        assert await other.call("commands.executeCommand", command="hello.recall") is None
        assert await one.call("state.keys", scope="global") == []


async def test_a_failing_command_is_a_sentence_not_a_traceback(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        with pytest.raises(Refused) as caught:
            await client.call("commands.executeCommand", command="hello.countWords", arguments=["missing.txt"])
        assert caught.value.code == -32011
        assert caught.value.data == {"command": "hello.countWords"}
        assert "Traceback" not in caught.value.message
        assert "missing.txt" in caught.value.message
        assert "/users/" not in caught.value.message


async def test_a_command_that_is_run_without_what_it_needs_says_what_that_is(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        with pytest.raises(Refused, match="needs ") as failed:
            await client.call("commands.executeCommand", command="hello.countWords")
        assert failed.value.code == -32011
        assert failed.value.data["command"] == "hello.countWords"
        assert len(failed.value.data["missing"]) == 1


async def test_commands_of_sleeping_extensions_are_listed(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        assert "hello.countWords" in await client.call("commands.getCommands")


async def test_what_extensions_set_for_when_clauses_is_read_and_followed_by_its_users_clients_alone(
    base: str, alice: str, bob: str
) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        await one.call("session.open")
        await one.call("commands.executeCommand", command="setContext", arguments=["hello.loud", True])
        told = await one.next()
        assert (told["params"]["type"], told["params"]["data"]) == (
            "commands.onDidSetContext",
            {"key": "hello.loud", "value": True},
        )
        found = await one.call("commands.getContext")
        assert found == {"seq": told["params"]["seq"], "keys": {"hello.loud": True}}
        await one.call("commands.executeCommand", command="setContext", arguments=["hello.loud", None])
        assert (await one.call("commands.getContext"))["keys"] == {}
        assert (await other.call("commands.getContext"))["keys"] == {}


MENUS = """
[[contributes.commands]]
command = "acme.show"
title = "Show"

[[contributes.languages]]
id = "acme"
extensions = [".acme"]
"""

SHOW = """
    import shim as vscode

    def activate(context):
        def show(uri, uris=()):
            if uri.path.endswith("wrong"):
                raise ValueError("it is wrong")
            return [type(uri).__name__, str(uri), [str(one) for one in uris]]

        context.subscriptions.append(vscode.commands.register_command("acme.show", show))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with an extension whose command is in a menu."""
    folder: Path = tmp_path_factory.mktemp("shown")
    place = extension(folder / "extensions", "shows", MENUS, extension=SHOW)
    with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=f'["{place}"]') as process:
        yield process.base


async def test_a_command_of_a_menu_gets_the_resources_of_its_menu(shown: str, alice: str) -> None:
    async with connect(shown, alice) as client:
        run = {"command": "acme.show", "uri": "/workspace/a b.txt"}
        assert await client.call("commands.executeMenuItem", **run) == ["Uri", "file:///workspace/a%20b.txt", []]
        found = await client.call("commands.executeMenuItem", **run, uris=["/workspace/a b.txt", "file:///tmp/c"])
        assert found == ["Uri", "file:///workspace/a%20b.txt", ["file:///workspace/a%20b.txt", "file:///tmp/c"]]
        with pytest.raises(Refused, match="ValueError: it is wrong") as caught:
            await client.call("commands.executeMenuItem", command="acme.show", uri="/workspace/wrong")
        assert (caught.value.code, caught.value.data) == (-32011, {"command": "acme.show"})
        with pytest.raises(Refused, match="uri") as caught:
            await client.call("commands.executeMenuItem", command="acme.show", uri="https://example.org/")
        assert caught.value.code == -32602


async def test_the_language_of_a_resource_is_that_of_its_document_else_of_its_name(shown: str, alice: str) -> None:
    async with connect(shown, alice) as client:
        names = ["/workspace/a.py", "file:///workspace/b.acme", "/workspace/Makefile", "/workspace/c"]
        found = [await client.call("languages.getLanguageOf", uri=name) for name in names]
        assert found == ["python", "acme", "makefile", "plaintext"]
        await client.call("workspace.fs.writeFile", uri="/workspace/c", content="#!/usr/bin/env python3\n")
        assert await client.call("languages.getLanguageOf", uri="/workspace/c") == "plaintext"
        await client.call("workspace.openTextDocument", uri="/workspace/c")
        assert await client.call("languages.getLanguageOf", uri="/workspace/c") == "python"
