"""Coder: a coding agent for the user whose session this is. It registers commands; `manager` does the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import shim as vscode
from extensions.coder import agent_files
from extensions.coder.exchange import Exchange
from extensions.coder.manager import TaskManager
from extensions.coder.permissions import SWITCHES
from extensions.coder.task import Json, Task
from shim.proposed import events
from shim.proposed.http import Invalid

MORE_SETTINGS = (
    *("autoApprovalEnabled", "allowedCommands", "deniedCommands", "allowedMcpTools", "allowedMaxRequests"),
    *("allowedMaxCost", "followupAutoApproveTimeoutMs"),
)
"""Settings of approval that are no switch."""


class Api:
    """The commands, each with one object of camelCase fields as its argument."""

    def __init__(self, manager: TaskManager) -> None:
        self._manager = manager

    @property
    def commands(self) -> dict[str, Callable[[Json], Awaitable[Any]]]:
        return {
            "coder.createTask": self.create,
            "coder.getTask": lambda given: self._manager.get_task(given["taskId"]),
            "coder.listTasks": lambda given: self._manager.list_tasks(
                **_only(given, "status", "parent", "limit", "after")
            ),
            "coder.getMessages": lambda given: self._manager.messages(
                given["taskId"], **_only(given, "after", "limit")
            ),
            "coder.sendMessage": self.send,
            "coder.takeBack": self.take_back,
            "coder.decide": self.decide,
            "coder.pauseTask": self._of_task(self._manager.pause_task),
            "coder.resumeTask": self._of_task(self._manager.resume_task),
            "coder.abortTask": self._of_task(self._manager.abort_task),
            "coder.deleteTask": lambda given: self._manager.delete_task(given["taskId"]),
            "coder.endTask": self.end,
            "coder.setMode": self.set_mode,
            "coder.setTodos": self.set_todos,
            "coder.condense": lambda given: self._manager.condense(given["taskId"]),
            "coder.listCheckpoints": self.checkpoints,
            "coder.diffCheckpoint": self.diff,
            "coder.restoreCheckpoint": self.restore,
            "coder.listModes": self.modes,
            "coder.listSlashCommands": self.slash_commands,
            "coder.getAutoApproval": self.approval,
            "coder.setAutoApproval": self.set_approval,
        }

    @staticmethod
    def _of_task(work: Callable[[str], Awaitable[Task]]) -> Callable[[Json], Awaitable[Json]]:
        async def run(given: Json) -> Json:
            return (await work(given["taskId"])).told()

        return run

    async def create(self, given: Json) -> Json:
        more = _only(given, "mode", "model", "images", "kind")
        return (await self._manager.create_task(given.get("message", ""), **more)).told()

    async def send(self, given: Json) -> Json:
        more = _only(given, "mode", "images")
        return (await self._manager.send_message(given["taskId"], given.get("message", ""), **more)).told()

    async def take_back(self, given: Json) -> Json:
        return (await self._manager.take_back(given["taskId"], str(given.get("messageId", "")))).told()

    async def decide(self, given: Json) -> Json:
        more = _only(given, "reason", "pattern")
        decided = self._manager.decide(given["taskId"], given.get("approvalId", ""), given.get("decision", ""), **more)
        return (await decided).told()

    async def end(self, given: Json) -> Json | None:
        """Abort a task that has not ended; remove one that has, and give nothing."""
        task = await self._manager.get_task(given["taskId"])
        if task["status"] not in ("completed", "failed", "aborted"):
            return (await self._manager.abort_task(given["taskId"])).told()
        await self._manager.delete_task(given["taskId"])
        return None

    async def set_mode(self, given: Json) -> Json:
        return (await self._manager.set_mode(given["taskId"], given.get("mode", ""))).told()

    async def set_todos(self, given: Json) -> Json:
        return (await self._manager.set_todos(given["taskId"], str(given.get("todos", "")))).told()

    async def checkpoints(self, given: Json) -> Sequence[Json]:
        return await self._manager.past.list(given["taskId"])

    async def diff(self, given: Json) -> Json:
        return await self._manager.past.diff(given["taskId"], given.get("checkpointId", ""), given.get("to"))

    async def restore(self, given: Json) -> Json:
        more = _only(given, "scope")
        return (await self._manager.past.restore(given["taskId"], given.get("checkpointId", ""), **more)).told()

    async def modes(self, given: Json) -> list[Json]:
        return [agent_files.told(one) for one in await self._manager.house.files.modes(_folder())]

    async def slash_commands(self, given: Json) -> list[dict[str, str]]:
        return [one.told() for one in await self._manager.house.files.commands(_folder())]

    async def approval(self, given: Json) -> Json:
        settings = vscode.workspace.get_configuration("coder")
        return {name: settings.get(name) for name in (*SWITCHES.values(), *MORE_SETTINGS)}

    async def set_approval(self, given: Json) -> Json:
        settings = vscode.workspace.get_configuration("coder")
        known = (*SWITCHES.values(), *MORE_SETTINGS)
        for name in given:
            if name not in known:
                raise Invalid(name, f"is no setting of approvals; there are {', '.join(known)}")
        for name, value in given.items():
            await settings.update(name, value, vscode.ConfigurationTarget.GLOBAL)
        return await self.approval({})


def _only(given: Json, *names: str) -> dict[str, Any]:
    """Those of the fields that were given, by their own names."""
    return {name: given[name] for name in names if given.get(name) is not None}


def _folder() -> vscode.Uri:
    folders = vscode.workspace.workspace_folders
    return folders[0].uri if folders else vscode.Uri.file("/")


def _checked(name: str, work: Callable[[Json], Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The command for clients: its argument is an object, and names a task where one is needed."""

    async def run(given: object = None, *rest: object) -> Any:
        fields = {} if given is None else given
        if not isinstance(fields, dict) or rest:
            raise Invalid("arguments", f"{name} takes one object")
        if name in NEEDS_TASK and not isinstance(fields.get("taskId"), str):
            raise Invalid("taskId", "must be the id of a task; coder.listTasks lists them")
        return await work(fields)

    return run


NEEDS_TASK = frozenset({
    "coder.getTask", "coder.getMessages", "coder.sendMessage", "coder.takeBack", "coder.decide", "coder.pauseTask",
    "coder.resumeTask", "coder.abortTask", "coder.deleteTask", "coder.endTask", "coder.setMode", "coder.setTodos",
    "coder.condense", "coder.listCheckpoints", "coder.diffCheckpoint", "coder.restoreCheckpoint",
})  # fmt: skip


async def activate(context: vscode.ExtensionContext) -> TaskManager:
    manager = TaskManager(context.global_storage_uri)
    files = manager.house.files
    context.subscriptions += [
        vscode.commands.register_command(name, _checked(name, work))
        for name, work in (Api(manager).commands | Exchange(files).commands).items()
    ]
    context.subscriptions += [manager, files, files.changed.event(lambda _: events.post("coder.files", {}))]
    await manager.wake()
    return manager
