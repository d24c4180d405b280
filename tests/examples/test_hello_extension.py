"""The example `hello_extension`, installed in a real host: two users run its commands over their sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client, Process, Refused, connect, running

pytestmark = pytest.mark.anyio

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello_extension"


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A host with the example in it."""
    data = tmp_path_factory.mktemp("hello") / "data"
    with running(data, ROOST_EXTENSIONS__FOLDERS=f'["{EXAMPLE}"]') as process:
        yield process


async def run(client: Client, command: str, *arguments: object) -> object:
    return await client.call("commands.executeCommand", command=command, arguments=list(arguments))


async def test_its_commands_are_listed_before_it_runs(hello: Process, alice: str) -> None:
    async with connect(hello.base, alice) as client:
        commands = await client.call("commands.getCommands")
    assert {"hello.countWords", "hello.remember", "hello.recall", "hello.greet"} <= set(commands)


async def test_a_command_reads_the_callers_own_file_and_tells_their_clients(
    hello: Process, alice: str, bob: str
) -> None:
    async with connect(hello.base, alice) as hers, connect(hello.base, bob) as his:
        for client, text in ((hers, "one two three"), (his, "one")):
            await client.call("session.open")
            await client.call("workspace.fs.writeFile", uri="/workspace/note.txt", content=text)
        assert await run(hers, "hello.countWords", "note.txt") == 3
        assert await run(his, "hello.countWords", "/workspace/note.txt") == 1
        for client, words in ((hers, 3), (his, 1)):
            event = (await client.next())["params"]
            assert (event["type"], event["seq"]) == ("hello.counted", 1)
            assert event["data"] == {"uri": "file:///workspace/note.txt", "words": words}


async def test_a_file_that_is_missing_fails_the_command_only(hello: Process, alice: str) -> None:
    async with connect(hello.base, alice) as client:
        with pytest.raises(Refused) as refused:
            await run(client, "hello.countWords", "none.txt")
        assert refused.value.code in (-32010, -32011)
        assert "/workspace/none.txt" in str(refused.value)
        assert "Traceback" not in str(refused.value)
        assert await run(client, "hello.recall") is None


async def test_a_note_is_remembered_for_its_user(hello: Process, alice: str, bob: str) -> None:
    async with connect(hello.base, alice) as hers, connect(hello.base, bob) as his:
        assert await run(hers, "hello.remember", "buy milk") is None
        assert [await run(client, "hello.recall") for client in (hers, his)] == ["buy milk", None]


async def test_a_greeting_waits_for_its_users_answer_and_counts_for_each_user(
    hello: Process, alice: str, bob: str
) -> None:
    async with connect(hello.base, alice) as hers, connect(hello.base, bob) as his:
        for client in (hers, his):
            await client.call("session.open")
            await client.send(
                {
                    "jsonrpc": "2.0",
                    "id": "greet",
                    "method": "commands.executeCommand",
                    "params": {"command": "hello.greet", "arguments": ["Zoe"]},
                    "uid": client.uid,
                }
            )
            asked = await client.next("window.showMessage")
            assert asked["params"] == {
                "severity": "info",
                "message": "Hello Zoe! This is greeting number 1.",
                "items": ["Hello to you, too"],
            }
            await client.send({"jsonrpc": "2.0", "id": asked["id"], "result": "Hello to you, too", "uid": client.uid})
            assert (await client.next_answer("greet"))["result"] == "Hello to you, too"
