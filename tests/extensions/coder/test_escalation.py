"""Ways in which an agent could come to more than it was given, by several calls or by what answers for its user."""

from __future__ import annotations

from pathlib import Path

import pytest

import shim as vscode
from extensions.coder.access import Protection
from extensions.coder.answer import Answer
from extensions.coder.consent import _is_allowed, hash_of_plan
from extensions.coder.permissions import Judge, Leave
from extensions.coder.roster import alone
from extensions.coder.task import Call
from extensions.coder.tool import Action, Plan, Result
from sessions.ceiling import Ceiling
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


def leave(*switches: str, allowed: tuple[str, ...] = ()) -> Leave:
    return Leave(True, frozenset(switches), allowed, (), frozenset(), None, None, None)


async def answered_by_itself(ada: Agent, **more: bool) -> str:
    """The mode of a task after its question, which would switch it, was answered by the time."""
    await ada.allow(
        autoApprovalEnabled=True, alwaysAllowFollowupQuestions=True, followupAutoApproveTimeoutMs=1_000, **more
    )
    task = await ada.task(mode="ask")
    return str((await ada.until(task, "completed"))["mode"])


async def test_a_suggestion_that_is_taken_by_itself_switches_the_mode_only_where_that_needs_no_asking(
    tmp_path: Path,
) -> None:
    question = {"question": "Go on?", "follow_up": [{"text": "Yes", "mode": "code"}, {"text": "No"}]}
    model = Model(main=[("ask_followup_question", question), DONE, ("ask_followup_question", question), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        assert await answered_by_itself(ada) == "ask"
        assert await answered_by_itself(ada, alwaysAllowModeSwitch=True) == "code"


async def test_a_suggestion_that_is_taken_by_itself_lifts_no_limit(tmp_path: Path) -> None:
    question = {"question": "Go on?", "follow_up": [{"text": "Yes"}]}
    model = Model(main=[("ask_followup_question", question)] * 3)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(autoApprovalEnabled=True, alwaysAllowFollowupQuestions=True, followupAutoApproveTimeoutMs=1_000)
        await ada.allow(allowedMaxRequests=2)
        task = await ada.task()
        waiting = await ada.when(task, lambda found: found.get("waitingFor") == "approval")
        assert "2 requests were made" in waiting["approvals"][0]["why"]
        assert len(model.asked["main"]) == 2
        await ada.decide(task)
        await ada.when(task, lambda found: found.get("waitingFor") == "question")


async def test_a_call_that_is_denied_again_and_again_is_stopped_and_its_user_asked(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "sudo id"})] * 6)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE, deniedCommands=["sudo"])
        await ada.set(consecutiveMistakeLimit=0)
        waiting = await ada.rest(await ada.task())
        assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "question")
        assert "again and again" in waiting["question"]["text"]
        assert len(model.asked["main"]) == 4


async def test_files_that_look_like_a_repository_run_nothing_by_git(tmp_path: Path) -> None:
    config = (
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = touch /workspace/ran\n"
    )
    files = {"HEAD": "ref: refs/heads/main\n", "config": config}
    writes = [("write_to_file", {"path": f"evil/{name}", "content": text}) for name, text in files.items()]
    make = ("execute_command", {"command": "mkdir -p evil/objects evil/refs"})
    calls = [("execute_command", {"command": line}) for line in ("git -C evil status", "cd evil && git diff")]
    asked = ("execute_command", {"command": "git status", "cwd": "evil"})
    model = Model(main=[make, *writes, *calls, asked, DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        assert (await ada.rest(task))["status"] == "completed"
        assert await ada.read("evil/config") == config
        assert "safe.bareRepository" in str([output for _, _, output in await ada.tools(task)])
        assert await ada.read("ran") is None


def test_what_is_typed_into_a_program_that_runs_is_asked_about_whatever_a_shell_would_make_of_it() -> None:
    judge = Judge(leave("execute", allowed=("echo",)), Ceiling(), ("/workspace",), Protection("/workspace"))
    assert judge.decide([Action("execute", command="echo hello")]).verdict == "approve"
    typed = judge.decide([Action("execute", command="echo hello", name="typed")])
    assert (typed.verdict, typed.patterns) == ("ask", ())
    anything = Judge(leave("execute", allowed=("*",)), Ceiling(), ("/workspace",), Protection("/workspace"))
    assert anything.decide([Action("execute", command="echo hello", name="typed")]).verdict == "approve"


@pytest.mark.parametrize(
    "path",
    [
        "/home/.local/share/roost/extensions/roost.coder/settings/custom_modes.yaml", "/home/.roo/custom_modes.yaml",
        "/home/.gitconfig", "/home/.bashrc", "/home/.PROFILE", "/home/.config/git/config", "/home/.ssh/config",
        "/root/.zshrc", "/workspace/x/mcp_settings.json", "/home/.npmrc", "/home/ada/.cargo/config.toml",
        "/home/.config/pip/pip.conf", "/home/.local/bin/git", "/home/.yarnrc.yml", "/home/.netrc", "/root/.inputrc",
    ],
)  # fmt: skip
def test_files_that_would_raise_rights_or_change_what_commands_do_are_protected(path: str) -> None:
    allowed = leave("write", "write:outside")
    judge = Judge(allowed, Ceiling(), ("/workspace",), Protection("/workspace"))
    assert judge.decide([Action("write", path)]).keys == ("write:protected",)
    assert judge.decide([Action("write", "/home/notes.md")]).verdict == "approve"


@pytest.mark.anyio
async def test_a_call_that_began_is_made_again_only_if_it_would_do_the_same() -> None:
    async def act() -> Result:
        return Result("")

    was, now = (Plan(act, (Action("write", path),), {"path": path}) for path in ("/workspace/a", "/workspace/b"))
    approval = {"shown": {"interrupted": True}, "approvalId": "x"}
    call = Call("1", 0, "write_to_file", {}, "allowed", approval=approval, plan=await hash_of_plan(was))
    assert (await _is_allowed(call, was), await _is_allowed(call, now)) == (True, False)


def test_calls_of_one_answer_have_ids_of_their_own_whatever_the_model_calls_them() -> None:
    answer = Answer()
    for path in ("a", "b", "c"):
        answer.take(vscode.LanguageModelToolCallPart("same", "read_file", {"path": path}))
    answer.take(vscode.LanguageModelToolCallPart("", "read_file", {"path": "d"}))
    ids = [one["id"] for one in answer.calls]
    assert (len(set(ids)), all(ids), ids[0]) == (4, True, "same")
    assert [one["input"]["path"] for one in answer.calls] == ["a", "b", "c", "d"]


def test_a_failure_that_is_alone_in_its_group_is_named_itself() -> None:
    cause = ValueError("the cause")
    assert alone(ExceptionGroup("outer", [ExceptionGroup("inner", [cause])])) is cause
    both = ExceptionGroup("two", [cause, KeyError("x")])
    assert alone(both) is both


async def test_a_tool_that_is_not_here_is_refused_with_a_sentence_and_the_task_goes_on(tmp_path: Path) -> None:
    calls = [("generate_image", {"prompt": "a cat", "path": "cat.png"}), ("codebase_index", {"query": "x"}), DONE]
    async with agents(tmp_path, Model(main=calls)) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        assert (await ada.rest(task))["status"] == "completed"
        told = [(name, output) for name, status, output in await ada.tools(task) if status == "failed"]
        assert told == [(name, f"there is no tool '{name}'") for name in ("generate_image", "codebase_index")]
        assert await ada.read("cat.png") is None


async def test_a_suggestion_names_no_file_and_calls_no_command_whoever_takes_it(tmp_path: Path) -> None:
    text = "Yes, see @/notes.md and @https://127.0.0.1:1/x and do /init"
    question = {"question": "Go on?", "follow_up": [{"text": text}, {"text": "No"}]}
    model = Model(main=[("ask_followup_question", question), DONE] * 2)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.write("notes.md", "the launch code is 7261\n")
        await ada.allow(autoApprovalEnabled=True, alwaysAllowFollowupQuestions=True, followupAutoApproveTimeoutMs=1_000)
        await ada.until(await ada.task(), "completed")
        await ada.allow(alwaysAllowFollowupQuestions=False)
        task = await ada.task()
        await ada.until(task, "waiting")
        await ada.say(task, text)
        await ada.until(task, "completed")
        for body in (model.asked["main"][1], model.asked["main"][3]):
            said = str(body["messages"])
            assert said.count(text) == 2 and "7261" not in said and "(see below)" not in said
        await ada.say(task, "And @/notes.md?")
        await ada.when(task, lambda _: len(model.asked["main"]) == 5)
        assert "7261" in str(model.asked["main"][-1]["messages"])


async def test_of_a_key_that_stands_twice_in_a_call_the_one_that_is_judged_is_the_one_that_is_done(
    tmp_path: Path,
) -> None:
    twice = '{"path": "notes.md", "content": "x", "path": "AGENTS.md"}'
    async with agents(tmp_path, Model(main=[("write_to_file", twice)])) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        (approval,) = (await ada.rest(await ada.task()))["approvals"]
        assert (approval["shown"]["path"], await ada.read("AGENTS.md"), await ada.read("notes.md")) == (
            "AGENTS.md", None, None,
        )  # fmt: skip


async def test_a_command_that_works_elsewhere_is_asked_about_and_allowed_for_its_folder(tmp_path: Path) -> None:
    calls = [("execute_command", {"command": line, **more}) for line, more in (
        ("cd sub && pwd && touch here", {}), ("cd /tmp && touch there", {}), ("touch again", {"cwd": "/tmp"}),
        ("cd /home && touch there", {}),
    )]  # fmt: skip
    async with agents(tmp_path, Model(main=calls)) as agent:
        ada = agent("ada")
        await ada.write("sub/x", "x")
        await ada.allow(**{**WHOLE, "allowedCommands": ["touch", "pwd"]})
        task = await ada.task()
        (approval,) = (await ada.rest(task))["approvals"]
        assert approval["why"] == "it works in /tmp, outside of the workspace"
        assert await ada.read("sub/here") == "", await ada.shown(task)
        await ada.decide(task, "always")
        await ada.when(task, lambda found: any("/home" in one["why"] for one in found.get("approvals", ())))
        assert [status for _, status, _ in await ada.tools(task)] == ["done", "done", "done", "waiting"]
