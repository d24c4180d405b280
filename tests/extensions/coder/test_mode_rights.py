"""A task comes to no more than it was given by its mode, its kind, what follows a question, or what a link leads to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import shim as vscode
from extensions.coder.followups import Followups
from extensions.coder.reading import NotRead, read_text
from extensions.coder.task import Conversation, Json, Task
from extensions.coder.tool import ToolError
from extensions.coder.tools.ask_followup_question import TOOL as ASK
from sessions.context import SessionContext
from tests.extensions.coder.conftest import lay
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents
from tests.extensions.coder.uses import Using, planned

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})
WRITES = ("write_to_file", {"path": "x.txt", "content": "x\n"})


def modes(*groups: str) -> str:
    mode = {"slug": "docs", "name": "Docs", "roleDefinition": "You write.", "groups": list(groups)}
    return json.dumps({"customModes": [mode]})


async def let(agent: Agent, *groups: str) -> None:
    """Give the mode these groups, as somebody who edits `.roomodes` does; it counts from the next step on."""
    await agent.write(".roomodes", modes(*groups))
    session = await agent.host.sessions.open(agent.uid)
    with session.entered():
        extension = vscode.extensions.get_extension("roost.coder")
        assert extension is not None
        (await extension.activate()).house.files.forget()


async def test_a_task_of_a_kind_does_no_more_than_its_kind_takes_and_nor_do_those_below_it(tmp_path: Path) -> None:
    below = ("new_task", {"mode": "code", "message": "script child."})
    calls = [WRITES, ("execute_command", {"command": "touch y"}), below, DONE]
    async with agents(tmp_path, Model(main=calls, child=[WRITES, DONE])) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task(kind="code_review")
        assert (await ada.rest(task))["status"] == "completed"
        assert [status for _, status, _ in await ada.tools(task)] == ["failed", "failed", "done", "done"]
        assert (await ada.read("x.txt"), await ada.read("y")) == (None, None)


@pytest.mark.parametrize(
    "call", [("switch_mode", {"mode_slug": "docs", "reason": "r"}), ("new_task", {"mode": "docs", "message": "go"})]
)
async def test_a_mode_that_may_more_than_when_it_was_allowed_is_asked_about_anew(
    tmp_path: Path, call: tuple[str, dict[str, str]]
) -> None:
    async with agents(tmp_path, Model(main=[call, DONE])) as agent:
        ada = agent("ada")
        await let(ada, "read")
        task = await ada.task(mode="ask")
        (asked,) = (await ada.until(task, "waiting"))["approvals"]
        assert asked["shown"]["groups"] == ["read"]
        await let(ada, "read", "edit", "command")
        await ada.decide(task)
        (again,) = (await ada.rest(task))["approvals"]
        assert again["shown"]["groups"] == ["read", "edit", "command"]
        assert "has changed since it was allowed" in again["why"]


async def test_a_call_that_waits_is_judged_by_the_mode_as_it_is_when_leave_is_given(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[WRITES, DONE])) as agent:
        ada = agent("ada")
        await let(ada, "read", "edit")
        task = await ada.task(mode="docs")
        await ada.until(task, "waiting")
        await let(ada, "read")
        await ada.decide(task)
        assert (await ada.rest(task))["status"] == "completed"
        assert "may not use 'write_to_file'" in (await ada.tools(task))[0][2]
        assert await ada.read("x.txt") is None


# -- questions


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([{"text": "Yes", "mode": "code"}, {"text": "Yes"}], "two answers are the same"),
        ([{"text": "Yes", "mode": "no-such"}], "there is no mode 'no-such'"),
    ],
)
async def test_an_answer_brings_no_mode_that_its_user_does_not_see(answers: list[dict[str, str]], why: str) -> None:
    with pytest.raises(ToolError, match=why):
        await planned(ASK, Using(), question="Go on?", follow_up=answers)


@pytest.mark.parametrize("wants", [True, False])
async def test_nothing_is_answered_by_itself_once_its_user_wants_that_no_longer(
    ada: SessionContext, wants: bool
) -> None:
    settled, taken = asyncio.Event(), []

    async def take(task_id: str, suggestion: Json) -> None:
        taken.append(suggestion["text"])

    async def settle() -> None:
        settled.set()

    on = {"coder.autoApprovalEnabled": True, "coder.alwaysAllowFollowupQuestions": True}
    ada.settings.register_defaults({**on, "coder.followupAutoApproveTimeoutMs": 30})
    question = {"callId": None, "text": "Go on?", "suggestions": [{"text": "Yes"}], "shownId": 1}
    task = Task("t", "waiting", "code", "", 0, 0, "/workspace", waiting_for="question", question=question)
    Followups(take, settle).add(Conversation(task))
    ada.settings.register_defaults({"coder.autoApprovalEnabled": wants})
    async with asyncio.timeout(5):
        await settled.wait()
    assert taken == (["Yes"] if wants else [])


# -- links


KEPT = ["/home/.ssh/id_rsa", "/home/.aws/credentials", "/home/.netrc", "/home/.config/gh/hosts.yml", "/home/d/.env"]
FOLLOWED = ["/home/shared/team.md", "/home/.roo/rules/own.md", "/home/.agents/x.md", "/workspace/.env",
            "/workspace/.cursor/rules/x.md", "../../docs/x.md"]  # fmt: skip


async def test_a_repositorys_links_bring_no_hidden_file_of_its_user_into_what_the_agent_is_told(
    ada: SessionContext, tmp_path: Path
) -> None:
    root = tmp_path / "users/ada/root"
    rules = root / "workspace/.roo/rules"
    rules.mkdir(parents=True)
    await lay(
        {f"/{one}".replace("//workspace/", "").replace("//home/", "~/"): "text" for one in (*KEPT, *FOLLOWED[:5])}
    )
    await lay({"docs/x.md": "text"})
    for at, target in enumerate((*KEPT, *FOLLOWED)):
        (rules / f"{at}.md").symlink_to(target)
    (root / "workspace/.roo/rules-code").symlink_to("/home/.ssh")
    (root / "home/.roo/mine.md").symlink_to("/home/.ssh/id_rsa")
    for at, _ in enumerate(KEPT):
        with pytest.raises(NotRead, match="a link out of the workspace to a hidden place"):
            await read_text(vscode.Uri.file(f"/workspace/.roo/rules/{at}.md"))
    with pytest.raises(NotRead, match="a link out of the workspace"):
        await read_text(vscode.Uri.file("/workspace/.roo/rules-code/id_rsa"))
    for at, target in enumerate(FOLLOWED, len(KEPT)):
        assert await read_text(vscode.Uri.file(f"/workspace/.roo/rules/{at}.md")) == "text", target
    assert await read_text(vscode.Uri.file("/home/.roo/mine.md")) == "text", "their own link is their affair"
