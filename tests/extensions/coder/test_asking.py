"""What tasks wait for, asked by messages of the window where the user wants that: for editors that know no tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions.requests import Request
from tests.extensions.coder.scripted import Agent, Model, agents
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


async def asked(agent: Agent) -> Request:
    """The one question that waits for a client of the user."""
    session = await agent.host.sessions.open(agent.uid)
    await eventually(lambda: len(session.requests.waiting) == 1)
    (request,) = session.requests.waiting
    return request


async def answer(agent: Agent, result: Any) -> None:
    request = await asked(agent)
    session = await agent.host.sessions.open(agent.uid)
    assert session.requests.answer(request.id, result, None)


async def nothing_is_asked(agent: Agent) -> None:
    session = await agent.host.sessions.open(agent.uid)
    await eventually(lambda: not session.requests.waiting)


async def test_leave_is_given_for_once_for_good_and_refused_by_messages(tmp_path: Path) -> None:
    lines = ("touch a", "touch b", "touch c", "mkdir d")
    model = Model(main=[*(("execute_command", {"command": line}) for line in lines), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.set(askByMessages=True)
        task = await ada.task()
        request = await asked(ada)
        assert request.method == "window.showMessage"
        assert request.params["message"] == "execute_command asks for leave: touch a"
        assert request.params["items"] == ["Allow once", "Always allow", "Reject"]
        await answer(ada, "Allow once")
        await ada.when(task, lambda found: "touch b" in str(found["approvals"]))
        await answer(ada, "Always allow")
        await ada.when(task, lambda found: "mkdir" in str(found["approvals"]))
        await answer(ada, "Reject")
        await ada.until(task, "completed")
        assert [await ada.read(name) for name in "abc"] == ["", "", ""], str(await ada.tools(task))
        assert [status for _, status, _ in await ada.tools(task)] == ["done", "done", "done", "refused", "done"]


async def test_questions_are_asked_too_with_what_may_be_answered(tmp_path: Path) -> None:
    question = {"question": "Which?", "follow_up": [{"text": "Red"}, {"text": "Blue"}]}
    async with agents(tmp_path, Model(main=[("ask_followup_question", question), DONE])) as agent:
        ada = agent("ada")
        await ada.set(askByMessages=True)
        task = await ada.task()
        assert (await asked(ada)).params["items"] == ["Red", "Blue"]
        await answer(ada, "Blue")
        await ada.until(task, "completed")
        assert [one["text"] for one in await ada.shown(task) if one["kind"] == "user"] == ["script main.", "Blue"]


async def test_what_is_decided_elsewhere_is_asked_no_more(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "touch a"}), ("execute_command", {"command": "mkdir b"})])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.set(askByMessages=True)
        task = await ada.task()
        first = await asked(ada)
        await ada.decide(task)
        await ada.when(task, lambda found: "mkdir b" in str(found.get("approvals")))
        assert (await asked(ada)).id != first.id
        await ada.client.delete(f"/api/v1/tasks/{task}")
        await nothing_is_asked(ada)


async def test_what_still_waits_is_asked_again_in_the_next_session(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "touch a"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.set(askByMessages=True)
        task = await ada.task()
        await asked(ada)
        await ada.host.sessions.close("ada")
        await ada.look(task)
        await answer(ada, "Allow once")
        await ada.until(task, "completed")
        assert await ada.read("a") == "", str(await ada.tools(task))


async def test_nobody_is_asked_by_messages_who_does_not_want_it(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[("execute_command", {"command": "touch a"}), DONE])) as agent:
        ada = agent("ada")
        task = await ada.task()
        await ada.until(task, "waiting")
        session = await ada.host.sessions.open("ada")
        assert session.requests.waiting == []
