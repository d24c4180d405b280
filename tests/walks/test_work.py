"""Walk: a client runs an extension's tasks, commits with its source control, and signs out of its accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Refused, connect, running
from tests.people import extension

pytestmark = pytest.mark.anyio

MANIFEST = """
contributes.commands = [{ command = "work.begin", title = "Begin" }]
contributes.task_definitions = [{ type = "work" }]
"""

CODE = """
import shim as vscode
from shim import AuthenticationSession, AuthenticationSessionAccountInformation, Command, ShellExecution, Task

class Tasks:
    def provide_tasks(self, token):
        return [Task({"type": "work"}, vscode.TaskScope.WORKSPACE, "build", "work", ShellExecution("exit 4"),
                     group=vscode.TaskGroup.BUILD, detail="builds")]

class Login:
    sessions = [AuthenticationSession("s", "the-token", AuthenticationSessionAccountInformation("1", "me"), [])]
    def get_sessions(self, scopes, options):
        return self.sessions
    def create_session(self, scopes, options):
        raise NotImplementedError
    def remove_session(self, id):
        self.sessions.clear()

class Marks:
    def provide_file_decoration(self, uri, token):
        return vscode.FileDecoration("M", "Modified", vscode.ThemeColor("red")) if uri.path == "/workspace/a" else None

committed = []
chosen = []

def activate(context):
    control = vscode.scm.create_source_control("git", "Git")
    control.accept_input_command = Command("Commit", "work.commit")
    control.input_box.validate_input = lambda text, position: "too short" if len(text) < 3 else None
    vscode.tasks.register_task_provider("work", Tasks())
    vscode.authentication.register_authentication_provider("acme", "Acme", Login())
    group = control.create_resource_group("index", "Staged")
    files = [vscode.SourceControlResourceState(vscode.Uri.file(f"/workspace/{name}")) for name in ("a", "b")]
    group.resource_states = files
    vscode.commands.register_command("work.files", lambda *given: chosen.append(
        [one.id if hasattr(one, "id") else one.resource_uri.path for one in given]))
    def fail(*given):
        raise RuntimeError("no disk")
    vscode.commands.register_command("work.fail", fail)
    vscode.commands.register_command("work.chosen", lambda: chosen)
    vscode.window.register_file_decoration_provider(Marks())
    vscode.commands.register_command("work.begin", lambda: None)
    vscode.commands.register_command("work.commit", lambda: committed.append(control.input_box.value))
    vscode.commands.register_command("work.committed", lambda: committed)
"""


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the extension above."""
    folder = tmp_path_factory.mktemp("workers")
    place: Path = extension(folder / "extensions", "work", MANIFEST, extension=CODE)
    with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=f'["{place}"]') as process:
        yield process.base


async def event(client: Client, type_: str) -> Any:
    while (found := (await client.next())["params"])["type"] != type_:
        pass
    return found["data"]


async def handle(client: Client, kind: str) -> str:
    pieces = (await client.call("window.surface"))["pieces"]
    return str(next(one["handle"] for one in pieces if one["kind"] == kind))


async def test_a_task_is_listed_run_and_told_of(workers: str, alice: str, bob: str) -> None:
    async with connect(workers, alice) as client, connect(workers, bob) as other:
        isolation = (await client.call("session.open"))["isolation"]
        (task,) = await client.call("tasks.fetchTasks", type="work")
        assert {key: task[key] for key in ("name", "source", "detail", "group")} == {
            "name": "build",
            "source": "work",
            "detail": "builds",
            "group": "build",
        }
        with pytest.raises(Refused, match="is of no task; list the tasks again"):
            await other.call("tasks.executeTask", id=task["id"])
        if not isolation["terminals"]:
            pytest.skip("nothing of a user may run on this machine")
        run = await client.call("tasks.executeTask", id=task["id"])
        assert (await event(client, "tasks.onDidStartTask"))["executionId"] == run["executionId"]
        assert await event(client, "tasks.onDidEndTask") == {"executionId": run["executionId"], "exitCode": 4}
        assert await client.call("tasks.listExecutions") == []
        with pytest.raises(Refused, match="is of no task that runs"):
            await client.call("tasks.terminate", executionId=run["executionId"])


async def test_a_commit_message_is_typed_judged_and_accepted(workers: str, alice: str, bob: str) -> None:
    async with connect(workers, alice) as client, connect(workers, bob) as other:
        await client.call("session.open")
        await client.call("commands.executeCommand", command="work.begin")
        box, control = await handle(client, "sourceControlInputBox"), await handle(client, "sourceControl")
        assert await client.call("scm.setInput", handle=box, value="x") == "too short"
        assert await client.call("scm.setInput", handle=box, value="Fix it") is None
        await client.call("scm.acceptInput", handle=control)
        assert await client.call("commands.executeCommand", command="work.committed") == ["Fix it"]
        assert await client.call("scm.provideOriginalResource", handle=control, uri="/workspace/a") is None
        with pytest.raises(Refused, match="names no sourceControl of this user"):
            await other.call("scm.acceptInput", handle=control)


async def test_a_command_of_a_menu_gets_the_files_the_group_or_the_control(workers: str, alice: str, bob: str) -> None:
    async with connect(workers, alice) as client, connect(workers, bob) as other:
        await client.call("session.open")
        await client.call("commands.executeCommand", command="work.begin")
        group, control = await handle(client, "sourceControlResourceGroup"), await handle(client, "sourceControl")
        await client.call("scm.runCommand", handle=group, command="work.files", uris=["/workspace/b", "/workspace/a"])
        await client.call("scm.runCommand", handle=group, command="work.files", uris=["file:///workspace/b"])
        await client.call("scm.runCommand", handle=group, command="work.files")
        await client.call("scm.runCommand", handle=control, command="work.files")
        chosen = await client.call("commands.executeCommand", command="work.chosen")
        assert chosen == [["/workspace/a", "/workspace/b"], ["/workspace/b"], ["index"], ["git"]]
        with pytest.raises(Refused, match="RuntimeError: no disk") as refused:
            await client.call("scm.runCommand", handle=group, command="work.fail")
        assert (refused.value.code, refused.value.data) == (-32011, {"command": "work.fail"})
        with pytest.raises(Refused, match="are of no resource of the group; the group has changed"):
            await client.call("scm.runCommand", handle=group, command="work.files", uris=["/workspace/c"])
        with pytest.raises(Refused, match="names no sourceControlResourceGroup of this user"):
            await client.call("scm.runCommand", handle=control, command="work.files", uris=["/workspace/a"])
        with pytest.raises(Refused, match="names no sourceControlResourceGroup or sourceControl of this user"):
            await other.call("scm.runCommand", handle=group, command="work.files")


async def test_files_are_marked_for_the_user_of_the_extension_only(workers: str, alice: str, bob: str) -> None:
    async with connect(workers, alice) as client, connect(workers, bob) as other:
        await client.call("session.open")
        await client.call("commands.executeCommand", command="work.begin")
        asked = ["/workspace/a", "file:///workspace/b"]
        mark = {"badge": "M", "tooltip": "Modified", "color": "red"}
        assert await client.call("window.provideFileDecorations", uris=asked) == [mark, None]
        assert await other.call("window.provideFileDecorations", uris=asked) == [None, None]
        with pytest.raises(Refused, match="uris"):
            await client.call("window.provideFileDecorations", uris=["/workspace/a"] * 501)


async def test_accounts_are_listed_without_tokens_and_signed_out_of(workers: str, alice: str, bob: str) -> None:
    async with connect(workers, alice) as client, connect(workers, bob) as other:
        await client.call("session.open")
        await client.call("commands.executeCommand", command="work.begin")
        listed = await client.call("authentication.getAccounts")
        assert listed == [{"id": "acme", "label": "Acme", "accounts": [{"id": "1", "label": "me"}]}]
        assert await other.call("authentication.getAccounts") == []
        await client.call("authentication.signOut", providerId="acme", accountId="1")
        assert (await client.call("authentication.getAccounts"))[0]["accounts"] == []
