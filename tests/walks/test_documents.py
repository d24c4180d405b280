"""Documents over the socket: open, edit, save; two users who never meet; and a host that is killed in the middle."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Refused, connect, running

pytestmark = pytest.mark.anyio


def edit(uri: str, text: str, line: int = 0, character: int = 0, to: tuple[int, int] | None = None) -> dict[str, Any]:
    end = to or (line, character)
    return {
        "uri": uri,
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": end[0], "character": end[1]},
        },
        "newText": text,
    }


async def write(client: Client, path: str, text: str) -> None:
    await client.call("workspace.fs.writeFile", uri=path, content=text)


async def text_of(client: Client, path: str) -> str:
    content: str = (await client.call("workspace.fs.readFile", uri=path))["content"]
    return content


async def test_a_document_is_opened_edited_and_saved(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("session.open")
        await write(client, "/workspace/a.py", "x = 1\r\ny = 2\r\n")
        opened = await client.call("workspace.openTextDocument", uri="/workspace/a.py")
        assert opened == {
            "uri": "file:///workspace/a.py",
            "languageId": "python",
            "version": 1,
            "isDirty": False,
            "eol": 2,
            "lineCount": 3,
            "text": "x = 1\r\ny = 2\r\n",
        }
        applied = await client.call("workspace.applyEdit", edits=[edit("/workspace/a.py", "10", 0, 4, (0, 5))])
        assert applied == {"applied": True}
        opened = await client.call("workspace.openTextDocument", uri="file:///workspace/a.py")
        assert (opened["text"], opened["version"], opened["isDirty"]) == ("x = 10\r\ny = 2\r\n", 2, True)
        assert await text_of(client, "/workspace/a.py") == "x = 1\r\ny = 2\r\n"
        assert await client.call("workspace.saveDocument", uri="/workspace/a.py") == {"saved": True}
        assert await text_of(client, "/workspace/a.py") == "x = 10\r\ny = 2\r\n"


async def test_a_folder_is_renamed_with_what_is_unsaved_below_it_and_never_over_another(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/old/a.txt", "one\n")
        await write(client, "/workspace/there.txt", "theirs")
        await client.call("workspace.applyEdit", edits=[edit("/workspace/old/a.txt", "zero\n")])
        places = {"source": "/workspace/old", "target": "/workspace/new"}
        assert await client.call("workspace.renameFile", **places) == {"applied": True}
        opened = await client.call("workspace.openTextDocument", uri="/workspace/new/a.txt")
        assert (opened["text"], opened["isDirty"]) == ("zero\none\n", True)
        assert await text_of(client, "/workspace/new/a.txt") == "one\n"
        places = {"source": "/workspace/new/a.txt", "target": "/workspace/there.txt"}
        refused = await client.call("workspace.renameFile", **places)
        assert refused["applied"] is False and "there is a file already" in refused["failureReason"]
        assert await text_of(client, "/workspace/there.txt") == "theirs"


async def test_an_edit_of_a_text_that_somebody_else_changed_meanwhile_is_not_made(base: str, alice: str) -> None:
    async with connect(base, alice) as client, connect(base, alice) as tab:
        await write(client, "/workspace/a.txt", "one\n")
        seen = (await client.call("workspace.openTextDocument", uri="/workspace/a.txt"))["version"]
        early = await tab.call("workspace.applyEdit", edits=[edit("/workspace/a.txt", "zero\n") | {"version": seen}])
        assert early == {"applied": True}
        late = await client.call("workspace.applyEdit", edits=[edit("/workspace/a.txt", "two", 1) | {"version": seen}])
        assert late["applied"] is False and "version" in late["failureReason"]
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a.txt"))["text"] == "zero\none\n"


async def test_what_happens_to_documents_is_told_by_vs_codes_names(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as client, connect(base, bob) as other:
        await client.call("session.open")
        await other.call("session.open")
        await write(client, "/workspace/a.txt", "one\n")
        await client.call("workspace.openTextDocument", uri="/workspace/a.txt")
        await client.call("workspace.applyEdit", edits=[edit("/workspace/a.txt", "zero\n")])
        await client.call("workspace.saveDocument", uri="/workspace/a.txt")
        assert await client.call("workspace.closeTextDocument", uri="/workspace/a.txt") == {"closed": True}
        events = [(await client.next())["params"] for _ in range(5)]
        assert [event["type"].removeprefix("workspace.onDid") for event in events] == [
            "OpenTextDocument",
            "ChangeTextDocument",
            "ChangeTextDocument",
            "SaveTextDocument",
            "CloseTextDocument",
        ]
        assert {event["data"]["uri"] for event in events} == {"file:///workspace/a.txt"}
        change = events[1]["data"]
        assert (change["version"], change["isDirty"]) == (2, True)
        assert change["contentChanges"] == [
            {
                "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
                "rangeOffset": 0,
                "rangeLength": 0,
                "text": "zero\n",
            }
        ]
        await other.call("session.ping")
        assert [message for message in other.heard if message.get("method") == "event"] == []
        assert await other.call("workspace.textDocuments") == []


async def test_an_edit_of_several_files_is_made_whole_or_not_at_all(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        for name in "ab":
            await write(client, f"/workspace/{name}", name)
        both = [edit("/workspace/a", "1"), edit("/workspace/b", "2")]
        assert (await client.call("workspace.applyEdit", edits=both))["applied"] is True
        third = await client.call("workspace.applyEdit", edits=[*both, edit("/workspace/missing", "3")])
        assert third["applied"] is False and "missing" in third["failureReason"]
        for name, text in (("a", "1a"), ("b", "2b")):
            opened = await client.call("workspace.openTextDocument", uri=f"/workspace/{name}")
            assert (opened["text"], opened["version"]) == (text, 2)


async def test_overlapping_edits_change_nothing(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/a", "abcdef")
        overlapping = [edit("/workspace/a", "1", 0, 0, (0, 3)), edit("/workspace/a", "2", 0, 2, (0, 4))]
        assert (await client.call("workspace.applyEdit", edits=overlapping))["applied"] is False
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a"))["text"] == "abcdef"


async def test_a_save_does_not_lose_what_a_shell_wrote_meanwhile(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/a", "first")
        await client.call("workspace.applyEdit", edits=[edit("/workspace/a", "mine ")])
        await write(client, "/workspace/a", "theirs")
        answer = await client.call("workspace.saveDocument", uri="/workspace/a")
        assert answer["saved"] is False and "overwrite" in answer["failureReason"]
        assert await text_of(client, "/workspace/a") == "theirs"
        reverted = await client.call("workspace.revertDocument", uri="/workspace/a")
        assert (reverted["text"], reverted["isDirty"]) == ("theirs", False)
        await client.call("workspace.applyEdit", edits=[edit("/workspace/a", "mine ")])
        await write(client, "/workspace/a", "theirs again")
        assert await client.call("workspace.saveDocument", uri="/workspace/a", overwrite=True) == {"saved": True}
        assert await text_of(client, "/workspace/a") == "mine theirs"


async def test_a_shown_document_follows_what_a_shell_writes(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("session.open")
        await write(client, "/workspace/a", "one\n")
        await client.call("workspace.openTextDocument", uri="/workspace/a")
        await write(client, "/workspace/a", "one\ntwo\n")
        event = (await client.next())["params"]
        while event["type"] != "workspace.onDidChangeTextDocument":
            event = (await client.next())["params"]
        assert event["data"]["isDirty"] is False and "two" in event["data"]["contentChanges"][0]["text"]
        await client.call("workspace.fs.delete", uri="/workspace/a")
        while event["type"] != "workspace.onDidCloseTextDocument":
            event = (await client.next())["params"]
        assert await client.call("workspace.textDocuments") == []


async def test_an_untitled_document_is_edited_and_saved_as_a_file(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        made = await client.call("workspace.openUntitledTextDocument", content="a\n", language="markdown")
        assert (made["uri"], made["languageId"], made["isDirty"]) == ("untitled:Untitled-1", "markdown", True)
        await client.call("workspace.applyEdit", edits=[edit(made["uri"], "# ")])
        with pytest.raises(Refused, match="no file yet") as caught:
            await client.call("workspace.saveDocument", uri=made["uri"])
        assert caught.value.code == -32602
        saved = await client.call("workspace.saveDocument", uri=made["uri"], target="/workspace/notes/a.md")
        assert saved == {"saved": True}
        assert await text_of(client, "/workspace/notes/a.md") == "# a\n"
        (listed,) = await client.call("workspace.textDocuments")
        assert listed["uri"] == "file:///workspace/notes/a.md"


async def test_unsaved_text_is_closed_only_with_discard(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/a", "x")
        await client.call("workspace.applyEdit", edits=[edit("/workspace/a", "mine ")])
        with pytest.raises(Refused, match="discard"):
            await client.call("workspace.closeTextDocument", uri="/workspace/a")
        assert await client.call("workspace.closeTextDocument", uri="/workspace/a", discard=True) == {"closed": True}
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a"))["text"] == "x"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"uri": "http://example.com/a"}, "uri"),
        ({"uri": "untitled:Untitled-9"}, "uri"),
        ({"uri": "file://server/a"}, "uri"),
        ({"uri": "a.py"}, "uri"),
        ({"uri": ""}, "uri"),
        ({"uri": "/workspace/a\0b"}, "uri"),
        ({"uri": "/workspace/a", "encoding": "utf8"}, "encoding"),
        ({}, "uri"),
    ],
)
async def test_an_impossible_resource_is_refused_by_name(
    base: str, alice: str, params: dict[str, Any], field: str
) -> None:
    async with connect(base, alice) as client:
        with pytest.raises(Refused) as caught:
            await client.call("workspace.openTextDocument", **params)
        assert caught.value.code == -32602
        assert caught.value.data["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "bad",
    [
        {"uri": "/workspace/a", "newText": ""},
        edit("/workspace/a", "x") | {"colour": 1},
        edit("/workspace/a", "x") | {"version": -1},
        edit("/workspace/a", "x", -1),
        edit("/workspace/a", "x", 2**40),
        edit("http://x/y", "x"),
    ],
)
async def test_an_impossible_edit_is_refused_and_nothing_is_changed(base: str, alice: str, bad: dict[str, Any]) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/a", "x")
        with pytest.raises(Refused) as caught:
            await client.call("workspace.applyEdit", edits=[edit("/workspace/a", "y"), bad])
        assert caught.value.code == -32602
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a"))["text"] == "x"


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("/workspace/missing", None, "FileNotFound"),
        ("/workspace", None, "FileIsADirectory"),
        ("/etc/passwd", None, "FileNotFound"),
        ("/workspace/../../../etc/passwd", None, "FileNotFound"),
        ("/workspace/binary", "AAECAwA=", "Unavailable"),
    ],
)
async def test_what_cannot_be_opened_is_said_with_its_code(
    base: str, alice: str, path: str, content: str | None, code: str
) -> None:
    async with connect(base, alice) as client:
        if content:
            await client.call("workspace.fs.writeFile", uri=path, content=content, encoding="base64")
        with pytest.raises(Refused) as caught:
            await client.call("workspace.openTextDocument", uri=path)
        assert (caught.value.code, caught.value.data["code"]) == (-32010, code)
        assert "/users/" not in caught.value.message


async def test_acknowledged_text_survives_a_killed_host(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data) as host:
        async with connect(host.base, "ada") as client, connect(host.base, "ben") as other:
            await write(client, "/workspace/a.txt", "one\r\ntwo\r\n")
            await write(other, "/workspace/a.txt", "ben's")
            for number in range(30):
                edits = [edit("/workspace/a.txt", f"{number}𝒳\n", 1), edit("/workspace/a.txt", "!", 0, 3)]
                assert await client.call("workspace.applyEdit", edits=edits) == {"applied": True}
            made = await client.call("workspace.openUntitledTextDocument", content="a", language="python")
            await client.call("workspace.applyEdit", edits=[edit(made["uri"], "b")])
            await client.call("workspace.applyEdit", edits=[edit("/workspace/gone.txt", "")])
            before = await client.call("workspace.openTextDocument", uri="/workspace/a.txt")
            host.send(signal.SIGKILL)
            await asyncio.to_thread(host.process.wait)
    with running(data) as host:
        async with connect(host.base, "ada") as client, connect(host.base, "ben") as other:
            listed = await client.call("workspace.textDocuments")
            assert [one["uri"] for one in listed] == ["file:///workspace/a.txt", "untitled:Untitled-1"]
            after = await client.call("workspace.openTextDocument", uri="/workspace/a.txt")
            assert after == before and after["isDirty"] and after["version"] == 31
            assert (await client.call("workspace.openTextDocument", uri=made["uri"]))["text"] == "ba"
            assert await client.call("workspace.saveDocument", uri="/workspace/a.txt") == {"saved": True}
            assert await text_of(client, "/workspace/a.txt") == before["text"]
            assert await other.call("workspace.textDocuments") == []
            host.send(signal.SIGKILL)
            await asyncio.to_thread(host.process.wait)
    with running(data) as host:
        async with connect(host.base, "ada") as client:
            assert [one["uri"] for one in await client.call("workspace.textDocuments")] == ["untitled:Untitled-1"]


async def test_acknowledged_text_survives_sleep(tmp_path: Path) -> None:
    with running(tmp_path / "data", ROOST_SESSIONS__SLEEP_AFTER_S="0.2") as host:
        async with connect(host.base, "ada") as client:
            await write(client, "/workspace/a.txt", "x")
            first = (await client.call("session.open"))["sessionId"]
            await client.call("workspace.applyEdit", edits=[edit("/workspace/a.txt", "unsaved ")])
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.5)  # a session that is asked does not sleep
                async with connect(host.base, "ada") as client:
                    if (await client.call("session.open"))["sessionId"] != first:
                        opened = await client.call("workspace.openTextDocument", uri="/workspace/a.txt")
                        assert (opened["text"], opened["isDirty"]) == ("unsaved x", True)
                        return


async def test_nothing_of_two_thousand_edits_is_made_where_one_of_them_is_wrong(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await write(client, "/workspace/a", "x\n" * 2_000)
        edits = [edit("/workspace/a", "y", line, 0, (line, 1)) for line in range(2_000)]
        with pytest.raises(Refused) as caught:
            wrong = edit("/workspace/a", "y", -1)
            await client.call("workspace.applyEdit", edits=[*edits[:1_500], wrong, *edits[1_501:]])
        assert caught.value.data["errors"][0]["field"] == "edits.1500.range.start.line"
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a"))["version"] == 1
        assert await client.call("workspace.applyEdit", edits=edits) == {"applied": True}
        assert (await client.call("workspace.openTextDocument", uri="/workspace/a"))["text"] == "y\n" * 2_000
