"""What is asked of a task by several at once, or while something slow is on its way: nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


async def manager_of(agent: Agent) -> Any:
    """The manager of a user's tasks, as the extension gives it to others."""
    session = await agent.host.sessions.open(agent.uid)
    with session.entered():
        return await vscode.extensions.get_extension("roost.coder").activate()


class Gate:
    """Holds up a function until it is opened; `reached` is set once something waits at it."""

    def __init__(self, work: Any) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._work = work

    async def __call__(self, *given: Any, **more: Any) -> Any:
        self.reached.set()
        await self.opened.wait()
        return await self._work(*given, **more)


def gate(patch: pytest.MonkeyPatch, method: Any, name: str) -> Gate:
    """A gate before a function that the method's module calls by that name."""
    found = Gate(method.__globals__[name])
    patch.setitem(method.__globals__, name, found)
    return found


async def test_of_two_decisions_on_one_call_the_first_counts(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "touch made.txt"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        (approval,) = (await ada.until(task, "waiting"))["approvals"]
        at = f"/api/v1/tasks/{task}/approvals/{approval['approvalId']}"
        answers = await asyncio.gather(
            *(ada.client.post(at, json={"decision": one}) for one in ("always", "reject", "once", "reject"))
        )
        assert sorted(one.status_code for one in answers) == [200, 404, 404, 404]
        await ada.until(task, "completed")
        decided = [one["status"] for one in await ada.heard("coder.approval") if one["status"] != "waiting"]
        (winner,) = decided
        assert (await ada.read("made.txt") is None) == (winner == "reject"), await ada.tools(task)
        answer = await ada.client.get("/api/v1/autoapprove")
        assert bool(answer.json()["allowedCommands"]) == (winner == "always")


async def test_of_two_decisions_on_a_limit_the_first_counts(tmp_path: Path) -> None:
    model = Model(main=[("update_todo_list", {"todos": "[x] a"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(allowedMaxRequests=1)
        task = await ada.task()
        (approval,) = (await ada.until(task, "waiting"))["approvals"]
        at = f"/api/v1/tasks/{task}/approvals/{approval['approvalId']}"
        answers = await asyncio.gather(*(ada.client.post(at, json={"decision": one}) for one in ("once", "reject")))
        assert sorted(one.status_code for one in answers) == [200, 404]
        assert (await ada.rest(task))["status"] == ("completed" if answers[0].status_code == 200 else "paused")


async def test_two_patterns_that_are_allowed_at_once_are_both_kept(tmp_path: Path) -> None:
    model = Model(a=[("execute_command", {"command": "head x"})], b=[("execute_command", {"command": "tail x"})])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        tasks = [await ada.task(f"script {name}.") for name in "ab"]
        for task in tasks:
            await ada.until(task, "waiting")
        await asyncio.gather(*(ada.decide(task, "always") for task in tasks))
        allowed = (await ada.client.get("/api/v1/autoapprove")).json()["allowedCommands"]
        assert {"head", "tail"} <= set(allowed)


async def test_a_message_that_takes_long_to_read_meets_the_task_as_it_is_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = asyncio.Event()

    async def slow(asked: Any) -> None:
        await going_on.wait()
        await Model(main=[DONE])(asked)

    model = Model(main=[slow, "Second done.", "First done."])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        manager = await manager_of(ada)
        task = await ada.task()
        await ada.when(task, lambda _: bool(model.asked["main"]))
        with monkeypatch.context() as patch:
            held = gate(patch, manager.send_message, "spoken")
            first = asyncio.create_task(ada.say(task, "The first one."))
            await held.reached.wait()
        going_on.set()
        await ada.until(task, "completed")
        await ada.say(task, "The second one.")
        await ada.when(task, lambda found: found.get("result") == "Second done.")
        held.opened.set()
        await first
        await ada.when(task, lambda found: found.get("result") == "First done.")
        said = str(model.asked["main"][-1]["messages"])
        assert 0 < said.find("The second one.") < said.find("Second done.") < said.find("The first one.")
        texts = [one["text"] for one in await ada.shown(task) if one["kind"] == "user"]
        assert texts == ["script main.", "The second one.", "The first one."]


async def test_a_message_to_a_task_that_is_removed_meanwhile_brings_nothing_of_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with agents(tmp_path, Model(main=["Hello."])) as agent:
        ada = agent("ada")
        manager = await manager_of(ada)
        task = await ada.task()
        await ada.until(task, "completed")
        with monkeypatch.context() as patch:
            held = gate(patch, manager.send_message, "spoken")
            late = asyncio.create_task(ada.client.post(f"/api/v1/tasks/{task}/messages", json={"message": "And then?"}))
            await held.reached.wait()
        assert (await ada.client.delete(f"/api/v1/tasks/{task}")).status_code == 204
        held.opened.set()
        assert (await late).status_code == 404
        assert (await ada.client.get("/api/v1/tasks")).json() == {"tasks": []}


async def test_while_a_workspace_is_put_back_a_task_takes_nothing_and_then_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(main=[("write_to_file", {"path": "a.txt", "content": "one\n"}), DONE, "Again."])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        manager = await manager_of(ada)
        task = await ada.task()
        await ada.until(task, "completed")
        checkpoint = next(one["checkpointId"] for one in await ada.shown(task) if one["kind"] == "checkpoint")
        held = Gate(manager.house.checkpoints.restore)
        monkeypatch.setattr(manager.house.checkpoints, "restore", held)
        at = f"/api/v1/tasks/{task}/checkpoints/{checkpoint}/restore"
        back = asyncio.create_task(ada.client.post(at, json={"scope": "task"}))
        await held.reached.wait()
        for method, path, body in (
            ("POST", "/messages", {"message": "Go on."}), ("PUT", "/resume", None), ("DELETE", "", None),
        ):  # fmt: skip
            answer = await ada.client.request(method, f"/api/v1/tasks/{task}{path}", json=body)
            assert answer.status_code == 409, answer.text
        assert (await ada.client.post(at, json={"scope": "files"})).status_code == 409
        held.opened.set()
        answer = await back
        assert (answer.status_code, answer.json()["status"]) == (200, "paused"), answer.text
        assert await ada.read("a.txt") is None
        await ada.say(task, "Go on.")
        await ada.client.put(f"/api/v1/tasks/{task}/resume")
        assert (await ada.until(task, "completed"))["result"] == "Again."


async def test_a_task_that_is_aborted_and_the_one_above_that_goes_on_are_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = ("new_task", {"mode": "code", "message": "script child."})
    asks = ("ask_followup_question", {"question": "?", "follow_up": [{"text": "x"}]})
    model = Model(main=[below, DONE], child=[asks])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        manager = await manager_of(ada)
        task = await ada.task()
        child = (await ada.until(task, "delegated"))["childTaskId"]
        await ada.until(child, "waiting")
        journal = type(manager).abort_task.__globals__["journal"]
        steps: list[dict[str, str]] = []
        commit = journal.commit

        async def noted(conversation: Any, draft: Any, *, along: Any = None) -> None:
            pairs = [(conversation, draft), *(along or [])]
            steps.append({one.task.task_id: its.task.status for one, its in pairs})
            await commit(conversation, draft, along=along)

        monkeypatch.setattr(journal, "commit", noted)
        assert (await ada.client.delete(f"/api/v1/tasks/{child}")).json()["status"] == "aborted"
        assert (await ada.until(task, "completed"))["status"] == "completed"
        assert steps[0] == {child: "aborted", task: "running"}
        assert "aborted by the user" in str(model.asked["main"][1]["messages"])


async def test_an_aborted_task_that_goes_on_asks_again_for_what_was_withdrawn(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "touch made.txt"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        await ada.until(task, "waiting")
        await ada.client.delete(f"/api/v1/tasks/{task}")
        await ada.client.put(f"/api/v1/tasks/{task}/resume")
        assert [one["status"] for one in await ada.heard("coder.approval")] == ["waiting", "withdrawn", "waiting"]
        await ada.decide(task)
        await ada.until(task, "completed")
        assert await ada.read("made.txt") == "", str(await ada.tools(task))


async def test_of_tasks_that_have_ended_only_the_newest_are_remembered(tmp_path: Path) -> None:
    many = 24
    read = ("read_file", {"path": "a.txt"})
    async with agents(tmp_path, Model(main=[one for _ in range(many) for one in (read, "Done.")])) as agent:
        ada = agent("ada")
        await ada.write("a.txt", "one\n")
        await ada.allow(**WHOLE)
        manager = await manager_of(ada)
        tasks = []
        for _ in range(many):
            tasks.append(await ada.task())
            await ada.until(tasks[-1], "completed")
        await ada.until(tasks[-1], "completed")
        house = manager.house
        assert [one in house._notes for one in tasks] == [False] * (many - 20) + [True] * 20
        assert not house.checkpoints._shadows
