"""Whole tasks on small repositories, each played by a scripted model: what it was asked, what it did, what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from host.providers import catalog
from tests.extensions.coder.scripted import WHOLE, Agent, Model, Step, agents
from tests.host.fakes import Asked, openai_says

pytestmark = pytest.mark.anyio


def done(result: str = "Done.") -> Step:
    return ("attempt_completion", {"result": result})


def run(command: str, **more: Any) -> Step:
    return ("execute_command", {"command": command, **more})


def read(path: str, **more: Any) -> Step:
    return ("read_file", {"path": path, **more})


def diff(path: str, old: str, new: str) -> Step:
    text = f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE"
    return ("apply_diff", {"path": path, "diff": text})


class Played:
    """A task that was played to its rest."""

    def __init__(self, agent: Agent, model: Model, task: str, found: dict[str, Any]) -> None:
        self.agent = agent
        self.model = model
        self.task = task
        self.found = found

    @property
    def status(self) -> str:
        return str(self.found["status"])

    def told(self, number: int) -> str:
        """All that the model was sent with its request of that number, from 0."""
        return str(self.model.asked["main"][number]["messages"])

    async def results(self) -> list[tuple[str, str]]:
        return [(name, status) for name, status, _ in await self.agent.tools(self.task)]


async def played(
    folder: Path, steps: Sequence[Step], files: dict[str, str] | None = None, *, leave: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None, **task: Any,
) -> Any:  # fmt: skip
    """An async context with the task played; whoever enters it looks at what is left."""
    return Player(folder, steps, files or {}, WHOLE if leave is None else leave, settings or {}, task)


class Player:
    def __init__(
        self, folder: Path, steps: Sequence[Step], files: dict[str, str], leave: dict[str, Any],
        settings: dict[str, Any],
        task: dict[str, Any],
    ) -> None:  # fmt: skip
        self._folder, self._model, self._files = folder, Model(main=steps), files
        self._leave, self._settings, self._task = leave, settings, task

    async def __aenter__(self) -> Played:
        self._open = agents(self._folder, self._model)
        agent = (await self._open.__aenter__())("ada")
        for path, text in self._files.items():
            await agent.write(path, text)
        await agent.allow(**self._leave)
        await agent.set(**self._settings)
        task = await agent.task(**self._task)
        return Played(agent, self._model, task, await agent.rest(task))

    async def __aexit__(self, *failure: Any) -> None:
        await self._open.__aexit__(*failure)


SHOP = {
    "shop/__init__.py": "",
    "shop/price.py": "def price(quantity, each):\n    return quantity + each\n",
    "test_shop.py": (
        "import unittest\nfrom shop.price import price\n\n\nclass Prices(unittest.TestCase):\n"
        "    def test_price(self):\n        self.assertEqual(price(3, 4), 12)\n"
    ),
}
TEST = "python3 -B -m unittest -q"  # a .pyc of the same second would hide the fix


# -- work that goes well


async def test_a_failing_test_is_found_and_fixed(tmp_path: Path) -> None:
    steps = [
        run(TEST),
        read("shop/price.py"),
        diff("shop/price.py", "    return quantity + each", "    return quantity * each"),
        run(TEST),
        done(),
    ]
    async with await played(tmp_path, steps, SHOP) as one:
        assert one.status == "completed"
        assert await one.agent.read("shop/price.py") == "def price(quantity, each):\n    return quantity * each\n"
        assert "Exit code: 1" in one.told(1)
        assert "Exit code: 0" in one.told(4)


async def test_a_name_is_changed_in_several_files_by_one_patch(tmp_path: Path) -> None:
    patch = (
        "*** Begin Patch\n*** Update File: shop/price.py\n@@\n-def price(quantity, each):\n+def cost(quantity, each):\n"
        "*** Update File: test_shop.py\n@@\n-from shop.price import price\n+from shop.price import cost as price\n"
        "*** End Patch"
    )
    async with await played(
        tmp_path, [("apply_patch", {"patch": patch}), done()], SHOP, settings={"includedTools": ["apply_patch"]}
    ) as one:
        assert await one.results() == [("apply_patch", "done"), ("attempt_completion", "done")], (
            one.found,
            await one.agent.shown(one.task),
        )
        assert "def cost(" in str(await one.agent.read("shop/price.py"))
        assert "import cost as price" in str(await one.agent.read("test_shop.py"))


async def test_a_tool_is_called_by_its_other_name(tmp_path: Path) -> None:
    async with await played(tmp_path, [("write_file", {"path": "a.txt", "content": "two\n"}), done()]) as one:
        assert await one.results() == [("write_file", "done"), ("attempt_completion", "done")]
        assert await one.agent.read("a.txt") == "two\n"


async def test_a_message_may_name_a_skill_of_the_tasks_mode(tmp_path: Path) -> None:
    skill = {".roo/skills-code/trace/SKILL.md": "---\nname: trace\ndescription: Find it\n---\nTurn logging on first."}
    async with await played(tmp_path, [done()], skill, message="script main. /trace it") as one:
        assert "Turn logging on first." in one.told(0)


async def test_a_tool_that_the_settings_do_not_include_is_refused(tmp_path: Path) -> None:
    patch = "*** Begin Patch\n*** Delete File: a.txt\n*** End Patch"
    async with await played(tmp_path, [("apply_patch", {"patch": patch}), done()], {"a.txt": "one\n"}) as one:
        assert await one.results() == [("apply_patch", "failed"), ("attempt_completion", "done")]
        assert await one.agent.read("a.txt") == "one\n"


async def test_several_edits_of_one_answer_are_made_in_their_order(tmp_path: Path) -> None:
    both = [
        diff("a.txt", "one", "two"),
        diff("a.txt", "two", "three"),
        ("write_to_file", {"path": "b/c.txt", "content": "new\n"}),
    ]
    async with await played(tmp_path, [both, done()], {"a.txt": "one\n"}) as one:
        assert one.status == "completed"
        assert (await one.agent.read("a.txt"), await one.agent.read("b/c.txt")) == ("three\n", "new\n")


async def test_reading_calls_of_one_answer_are_answered_in_the_order_they_were_made(tmp_path: Path) -> None:
    files = {f"{name}.txt": f"this is {name}\n" for name in "abcde"}
    async with await played(tmp_path, [[read(name) for name in files], done()], files) as one:
        results = [part for part in one.model.asked["main"][1]["messages"] if part["role"] == "tool"]
        assert [str(part["content"]).count(f"this is {name}") for part, name in zip(results, "abcde", strict=True)] == [
            1
        ] * 5


async def test_a_todo_list_is_kept_with_the_task_and_is_its_progress(tmp_path: Path) -> None:
    steps = [("update_todo_list", {"todos": "[x] look\n[-] mend"}), done()]
    async with await played(tmp_path, steps) as one:
        assert [(item["content"], item["status"]) for item in one.found["todos"]] == [
            ("look", "completed"),
            ("mend", "in_progress"),
        ]
        assert one.found["progress"] == 1.0


async def test_a_person_may_change_the_todo_list_and_the_agent_hears_of_it(tmp_path: Path) -> None:
    steps = [("update_todo_list", {"todos": "[x] one\n[ ] two"}), run("true"), done()]
    async with await played(tmp_path, steps, leave={}) as one:
        at = f"/api/v1/tasks/{one.task}/todos"
        assert (await one.agent.client.put(at, json={"todos": "what?"})).status_code == 422
        answer = await one.agent.client.put(at, json={"todos": "[x] one\n[-] three"})
        assert answer.json()["progress"] == 0.5
        await one.agent.decide(one.task)
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert "[-] three" in one.told(2)


async def test_a_mode_is_switched_and_the_next_request_has_its_tools(tmp_path: Path) -> None:
    steps = [("switch_mode", {"mode_slug": "ask", "reason": "only questions"}), done()]
    async with await played(tmp_path, steps, mode="code") as one:
        before, after = ({tool["function"]["name"] for tool in asked["tools"]} for asked in one.model.asked["main"])
        assert one.found["mode"] == "ask"
        assert "write_to_file" in before - after


async def test_a_command_that_goes_on_is_told_of_later(tmp_path: Path) -> None:
    steps = [run("sleep 0.5; echo ready; sleep 30", timeout=0.1), run("sleep 1"), done()]
    async with await played(tmp_path, steps) as one:
        assert one.status == "completed"
        assert "ready" in one.told(2)


async def test_numbers_and_lists_that_a_model_wrote_as_text_are_taken_as_what_they_say(tmp_path: Path) -> None:
    steps: list[Step] = [
        ("read_file", {"path": "a.txt", "offset": "2", "limit": "1"}),
        ("list_files", {"path": ".", "recursive": "true"}),
        ("ask_followup_question", {"question": "Which?", "follow_up": '[{"text": "Red"}]'}),
        done(),
    ]
    async with await played(tmp_path, steps, {"a.txt": "one\ntwo\nthree\n", "deep/er.txt": ""}) as one:
        assert "2 | two" in one.told(1)
        assert "3 | three" not in one.told(1)
        assert "deep/er.txt" in one.told(2)
        assert [suggestion["text"] for suggestion in one.found["question"]["suggestions"]] == ["Red"]


async def test_the_model_has_the_files_that_the_workspace_began_with_at_every_step(tmp_path: Path) -> None:
    steps: list[Step] = [("write_to_file", {"path": "new.txt", "content": "x"}), read("src/a.py"), done()]
    async with await played(tmp_path, steps, {"src/a.py": "a = 1\n"}) as one:
        firsts = [str(asked["messages"][1]) for asked in one.model.asked["main"]]
    assert "src/a.py" in firsts[0]
    assert "new.txt" not in firsts[2]
    assert len({first.partition("</workspace>")[0] for first in firsts}) == 1


async def test_calls_behind_one_that_was_asked_about_see_what_the_task_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "UNKNOWN", catalog.UNKNOWN._replace(sees=True))
    steps: list[Step] = [[run("echo on"), read("secrets/token.txt"), read("a.png")], done()]
    files = {".rooignore": "secrets/\n", "secrets/token.txt": "hunter2\n"}
    async with await played(tmp_path, steps, files, leave={"alwaysAllowReadOnly": True}) as one:
        png = b"\x89PNG\r\n\x1a\n" + bytes(24)
        put = await one.agent.client.put("/api/v1/files", params={"path": "/workspace/a.png"}, content=png)
        assert put.status_code < 300
        await one.agent.decide(one.task)
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert "hunter2" not in one.told(1)
        assert "kept from you by .rooignore" in one.told(1)
        assert "image_url" in one.told(1)


async def test_a_file_that_is_mentioned_is_one_that_the_model_knows(tmp_path: Path) -> None:
    files = {"a.txt": "one\n"}
    steps = [run("echo two > a.txt; sleep 0.05"), ("write_to_file", {"path": "a.txt", "content": "three\n"}), done()]
    async with await played(tmp_path, steps, files, message="Rewrite @/a.txt by script main.") as one:
        assert one.status == "completed"
        assert "it changed since you last saw it" in one.told(2)


@pytest.mark.parametrize("how", ["steer", "queue"])
async def test_a_command_that_is_said_to_a_busy_task_brings_its_mode(tmp_path: Path, how: str) -> None:
    files = {".roo/commands/plan.md": "---\nmode: architect\n---\nPlan it."}
    async with await played(tmp_path, [run("echo a"), done(), done("Planned.")], files, leave={}) as one:
        await one.agent.say(one.task, "/plan the next", mode=how)
        await one.agent.decide(one.task)
        ended = await one.agent.rest(one.task)
        assert (ended["status"], ended["mode"]) == ("completed", "architect")
        assert "Plan it." in one.told(-1)


async def test_a_command_whose_mode_is_not_there_changes_none(tmp_path: Path) -> None:
    files = {".roo/commands/plan.md": "---\nmode: nobody\n---\nPlan it."}
    async with await played(tmp_path, [done()], files, message="/plan script main.") as one:
        assert (one.status, one.found["mode"]) == ("completed", "code")


# -- what a model does wrong


@pytest.mark.parametrize(
    "text",
    [
        "Let me look.\n<read_file>\n<path>a.txt</path>\n</read_file>",
        '<tool_call>\n{"name": "read_file", "arguments": {"path": "a.txt"}}\n</tool_call>\n',
        "<function=read_file><parameter=path>a.txt</parameter></function>",
        '<|tool_call_begin|>read_file{"path": "a.txt"}<|tool_call_end|>',
    ],
)
async def test_a_call_that_is_written_as_text_does_not_end_the_task(tmp_path: Path, text: str) -> None:
    async with await played(tmp_path, [text, read("a.txt"), done()], {"a.txt": "one\n"}) as one:
        assert one.status == "completed"
        assert "You wrote a tool call as text" in one.told(1)
        assert one.found["result"] == "Done."


@pytest.mark.parametrize(
    "text", ["Write it so:\n```xml\n<read_file></read_file>\n```", "Close it with </div>", "a </b> c"]
)
async def test_an_answer_that_only_speaks_of_calls_is_an_answer(tmp_path: Path, text: str) -> None:
    async with await played(tmp_path, [text]) as one:
        assert (one.status, one.found["result"]) == ("completed", text)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("no_such_tool", {}), "there is no tool"),
        (("read_file", {}), "path: must be given"),
        (("read_file", '{"path": "a.t'), "its arguments are no JSON object"),
        (("read_file", {"path": "a.txt", "offset": "two"}), "offset, must be of type integer"),
        (("read_file", {"path": "a.txt", "more": 1}), "more"),
        (("read_file", {"path": "missing.txt"}), "missing.txt"),
        (("write_to_file", {"path": "a.txt"}), "content: must be given"),
        (("execute_command", {"command": ""}), "command"),
        (("switch_mode", {"mode_slug": "nobody", "reason": "x"}), "there is no mode"),
        (("switch_mode", {"mode_slug": "code", "reason": "x"}), "already"),
        (("new_task", {"mode": "code", "message": " "}), "message"),
        (("update_todo_list", {"todos": "nothing here"}), "no line is an item"),
        (("ask_followup_question", {"question": "?", "follow_up": []}), "follow_up"),
        (("ask_followup_question", {"question": "?", "follow_up": [{"text": " "}]}), "follow_up"),
        (("attempt_completion", {"result": "\n"}), "result: it is empty"),
        (diff("a.txt", "not there", "x"), "a.txt"),
        (read("../../etc/passwd"), "etc/passwd"),
    ],
)
async def test_a_call_that_cannot_be_made_is_a_sentence_to_the_model_and_changes_nothing(
    tmp_path: Path, call: Step, says: str
) -> None:
    async with await played(tmp_path, [call, done()], {"a.txt": "one\n"}) as one:
        if one.status == "waiting":  # a path outside of the workspace is asked about
            await one.agent.decide(one.task, "reject")
            one.found = await one.agent.rest(one.task)
        assert one.status == "completed"
        assert says in one.told(1) or "refused" in one.told(1)
        assert await one.agent.read("a.txt") == "one\n"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (read("a.txt", offset="2", limit="1"), "2 | two"),
        (read("a.txt", mode="indentation", indentation='{"anchor_line": "3"}'), "3 | three"),
        (("read_file", {"files": '[{"path": "a.txt", "line_ranges": ["2-2"]}]'}), "2 | two"),
        (("read_file", {"path": "a.txt", "files": [{"path": "b.txt"}]}), "1 | other"),
        (("list_files", {"path": ".", "recursive": "false"}), "b.txt"),
        (
            ("str_replace_editor", {"path": "a.txt", "old_string": "t", "new_string": "T", "replace_all": "true"}),
            "+2 -2",
        ),
        (("insert_content", {"path": "a.txt", "line": "1", "content": "zero"}), "Changed a.txt (+1 -0 lines)"),
        (run("echo out", timeout="30", cwd=None), "out"),
        (("update_todo_list", {"todos": "[x] look"}), "look"),
    ],
)
async def test_a_call_with_values_of_other_types_is_made_as_it_is_meant(tmp_path: Path, call: Step, says: str) -> None:
    files = {"a.txt": "one\ntwo\nthree\n", "b.txt": "other\n"}
    async with await played(tmp_path, [call, done()], files) as one:
        assert [status for _, status in await one.results()] == ["done", "done"], await one.agent.shown(one.task)
        assert says in one.told(1)


async def test_arguments_that_are_no_json_are_a_failed_call_and_not_a_failed_task(tmp_path: Path) -> None:
    async with await played(tmp_path, [("read_file", '{"path": "a.txt'), done()], {"a.txt": "one\n"}) as one:
        assert one.status == "completed", await one.agent.shown(one.task)


async def test_the_same_call_again_and_again_is_stopped_and_the_user_is_asked(tmp_path: Path) -> None:
    steps = [read("a.txt")] * 4 + [done()]
    async with await played(tmp_path, steps, {"a.txt": "one\n"}) as one:
        assert (one.status, one.found["waitingFor"]) == ("waiting", "question")
        assert [status for _, status in await one.results()] == ["done", "done", "done", "failed"]
        await one.agent.say(one.task, "Stop reading.")
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert "Stop reading." in one.told(4)


async def test_a_model_that_only_makes_mistakes_ends_in_a_question(tmp_path: Path) -> None:
    steps = [("read_file", {"path": f"missing{at}.txt", "wrong": at}) for at in range(3)] + [done()]
    async with await played(tmp_path, steps) as one:
        assert (one.status, one.found["waitingFor"]) == ("waiting", "question")


async def test_completing_beside_a_failed_call_is_refused(tmp_path: Path) -> None:
    async with await played(tmp_path, [[read("missing.txt"), done("early")], done("late")]) as one:
        assert (one.status, one.found["result"]) == ("completed", "late")


async def test_a_new_task_beside_other_calls_is_refused(tmp_path: Path) -> None:
    both = [read("a.txt"), ("new_task", {"mode": "ask", "message": "x"})]
    async with await played(tmp_path, [both, done()], {"a.txt": "one\n"}, mode="code") as one:
        assert await one.results() == [("read_file", "done"), ("new_task", "failed"), ("attempt_completion", "done")]


async def test_a_tool_of_another_mode_is_refused(tmp_path: Path) -> None:
    steps = [("write_to_file", {"path": "a.py", "content": "x"}), run("touch b"), done()]
    async with await played(tmp_path, steps, mode="ask") as one:
        assert [status for _, status in await one.results()] == ["failed", "failed", "done"]
        assert (await one.agent.read("a.py"), await one.agent.read("b")) == (None, None)


async def test_an_architect_writes_markdown_and_nothing_else(tmp_path: Path) -> None:
    steps = [
        ("write_to_file", {"path": "plan.md", "content": "# Plan\n"}),
        ("write_to_file", {"path": "code.py", "content": "x = 1\n"}),
        done(),
    ]
    async with await played(tmp_path, steps, mode="architect") as one:
        assert (await one.agent.read("plan.md"), await one.agent.read("code.py")) == ("# Plan\n", None)


# -- leave


@pytest.mark.parametrize(
    "path", [".roo/rules/a.md", "AGENTS.md", ".vscode/settings.json", ".rooignore", "sub/../.roomodes", ".git/config"]
)
async def test_what_steers_the_agent_is_not_written_unasked(tmp_path: Path, path: str) -> None:
    async with await played(tmp_path, [("write_to_file", {"path": path, "content": "x"}), done()]) as one:
        assert (one.status, one.found.get("waitingFor")) == ("waiting", "approval")
        assert await one.agent.read(path) is None


async def test_a_workspace_cannot_allow_what_its_user_did_not(tmp_path: Path) -> None:
    files = {
        ".vscode/settings.json": '{"coder.alwaysAllowExecute": true, "coder.allowedCommands": ["*"], '
        '"coder.alwaysAllowWrite": true, "coder.autoApprovalEnabled": true}'
    }
    leave = {"alwaysAllowWrite": False}
    for at, step in enumerate((run("touch made"), ("write_to_file", {"path": "made", "content": "x"}))):
        (folder := tmp_path / str(at)).mkdir()
        async with await played(folder, [step, done()], files, leave=leave) as one:
            assert one.status == "waiting"
            assert await one.agent.read("made") is None


async def test_a_denied_command_never_runs(tmp_path: Path) -> None:
    leave = {**WHOLE, "deniedCommands": ["rm"]}
    async with await played(tmp_path, [run("true && rm a.txt"), done()], {"a.txt": "one\n"}, leave=leave) as one:
        assert one.status == "completed"
        assert await one.agent.read("a.txt") == "one\n"
        assert "deny" in one.told(1)


async def test_calls_behind_a_refused_one_are_not_made(tmp_path: Path) -> None:
    both = [run("touch one"), run("touch two")]
    async with await played(tmp_path, [both, done()], leave={"alwaysAllowExecute": False}) as one:
        await one.agent.decide(one.task, "reject")
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert (await one.agent.read("one"), await one.agent.read("two")) == (None, None)
        assert [status for _, status in await one.results()] == ["refused", "failed", "done"]


async def test_what_would_be_done_differently_than_was_allowed_is_asked_again(tmp_path: Path) -> None:
    steps = [diff("a.txt", "one", "two"), done()]
    async with await played(tmp_path, steps, {"a.txt": "zero\none\n"}, leave={"alwaysAllowWrite": False}) as one:
        await one.agent.write("a.txt", "none\none\n")
        await one.agent.decide(one.task)
        again = await one.agent.rest(one.task)
        assert again["status"] == "waiting"
        assert "changed" in again["approvals"][0]["why"]
        await one.agent.decide(one.task)
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert await one.agent.read("a.txt") == "none\ntwo\n"


async def test_a_file_elsewhere_is_edited_with_leave_once_it_was_read_with_leave(tmp_path: Path) -> None:
    path = "/home/notes.txt"
    steps = [diff(path, "password", "x"), read(path), diff(path, "my s3same", "my word"), done()]
    model = Model(main=steps)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        session = await ada.host.sessions.open("ada")
        await session.files.write(path, b"my s3same\n")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.decide(task)  # to read it
        assert "s3same" not in str(model.asked["main"][1]["messages"])
        waiting = await ada.rest(task)
        assert "writes /home/notes.txt" in waiting["approvals"][0]["why"]
        await ada.host.sessions.close("ada")  # what was read is forgotten with it
        await ada.decide(task)
        assert (await ada.rest(task))["status"] == "completed", await ada.shown(task)
        session = await ada.host.sessions.open("ada")
        assert await session.files.read(path) == b"my word\n"


async def test_a_limit_of_requests_asks_whether_to_go_on(tmp_path: Path) -> None:
    steps = [read("a.txt"), read("b.txt"), done()]
    files = {"a.txt": "a\n", "b.txt": "b\n"}
    async with await played(tmp_path, steps, files, leave={**WHOLE, "allowedMaxRequests": 2}) as one:
        assert "limit" in one.found["approvals"][0]["shown"]
        await one.agent.decide(one.task)
        assert (await one.agent.rest(one.task))["status"] == "completed"


async def test_a_limit_of_cost_asks_whether_to_go_on(tmp_path: Path) -> None:
    async with await played(
        tmp_path, [read("a.txt"), done()], {"a.txt": "a\n"}, leave={"allowedMaxCost": 0.0001}
    ) as one:
        assert "$" in one.found["approvals"][0]["shown"]["limit"]
        await one.agent.decide(one.task, "reject")
        assert (await one.agent.look(one.task))["status"] == "paused"


# -- what people say meanwhile


async def test_a_word_to_a_busy_task_is_heard_before_the_next_request(tmp_path: Path) -> None:
    model = Model(main=[run("sleep 1"), done()])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.when(task, lambda found: bool(found["usage"]["input"]))
        await ada.say(task, "Use blue.")
        assert (await ada.rest(task))["status"] == "completed"
        assert "Use blue." in str(model.asked["main"][1]["messages"])


async def test_a_queued_message_is_the_next_turn(tmp_path: Path) -> None:
    model = Model(main=[run("sleep 1"), done("first"), done("second")])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.when(task, lambda found: bool(found["usage"]["input"]))
        await ada.say(task, "And then tidy up.", mode="queue")
        assert (await ada.rest(task))["result"] == "second"
        assert "And then tidy up." not in str(model.asked["main"][1]["messages"])
        assert "And then tidy up." in str(model.asked["main"][2]["messages"])


async def test_a_message_that_waits_is_taken_back_and_one_that_was_heard_is_not(tmp_path: Path) -> None:
    async with await played(tmp_path, [run("true"), done()], leave={}) as one:
        await one.agent.say(one.task, "Use blue.", mode="queue")
        (waiting,) = (await one.agent.look(one.task))["queue"]
        at = f"/api/v1/tasks/{one.task}/messages/{waiting['id']}"
        answer = await one.agent.client.delete(at)
        assert (answer.status_code, answer.json().get("queue")) == (200, None)
        await one.agent.decide(one.task)
        assert (await one.agent.rest(one.task))["status"] == "completed"
        assert "Use blue." not in str(one.model.asked["main"])
        assert (await one.agent.client.delete(at)).status_code == 404


async def test_a_completed_task_goes_on_with_what_its_user_says(tmp_path: Path) -> None:
    async with await played(tmp_path, [done("one"), done("two")]) as one:
        await one.agent.say(one.task, "And the other?")
        assert (await one.agent.rest(one.task))["result"] == "two"
        assert "And the other?" in one.told(1)


async def test_a_paused_task_goes_on_where_it_was(tmp_path: Path) -> None:
    model = Model(main=[run("sleep 60"), done()])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.seen(task, lambda one: one.get("status") == "running")
        paused = await ada.client.put(f"/api/v1/tasks/{task}/pause")
        assert paused.json()["status"] == "paused"
        assert (await ada.client.put(f"/api/v1/tasks/{task}/resume")).json()["status"] == "running"
        assert (await ada.rest(task))["status"] == "completed"
        assert [name for name, _, _ in await ada.tools(task)] == ["execute_command", "attempt_completion"]


# -- the model and its line


async def test_a_stream_that_is_cut_is_asked_for_again_and_no_call_is_made_twice(tmp_path: Path) -> None:
    async def cut(asked: Asked) -> None:
        await openai_says(
            asked, "I begin", calls=[("c-1", "execute_command", '{"command": "echo x >> log"}')], end=False
        )
        asked.writer.close()

    model = Model(main=[cut, run("echo x >> log"), done()])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        found = await ada.rest(task)
        assert found["status"] == "completed", await ada.shown(task)
        assert await ada.read("log") == "x\n", await ada.shown(task)


async def test_a_refused_key_fails_the_task_with_a_sentence_and_resuming_tries_again(tmp_path: Path) -> None:
    async def refuse(asked: Asked) -> None:
        await asked.refuse(401, "Incorrect API key")

    async with await played(tmp_path, [refuse, done()]) as one:
        assert one.status == "failed"
        assert "sk-test" not in str(one.found)
        answer = await one.agent.client.put(f"/api/v1/tasks/{one.task}/resume")
        assert answer.status_code == 200
        assert (await one.agent.rest(one.task))["status"] == "completed"


async def test_a_conversation_that_is_too_long_is_shortened_and_goes_on(tmp_path: Path) -> None:
    async def too_long(asked: Asked) -> None:
        await asked.head(400, "application/json")
        await asked.send(
            b'{"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}'
        )
        await asked.end()

    files = {f"{at}.txt": f"{at} " * 2_000 for at in range(4)}
    steps: list[Step] = [read(name) for name in files]
    async with await played(tmp_path, [*steps, too_long, "A summary of it all.", done()], files) as one:
        assert one.status == "completed", await one.agent.shown(one.task)
        assert "condensed" in [message["kind"] for message in await one.agent.shown(one.task)]


async def test_an_empty_answer_is_asked_for_again(tmp_path: Path) -> None:
    async def empty(asked: Asked) -> None:
        await openai_says(asked)

    async with await played(tmp_path, [empty, done()]) as one:
        assert one.status == "completed", await one.agent.shown(one.task)


async def test_an_answer_that_was_cut_at_its_length_goes_on(tmp_path: Path) -> None:
    async def long(asked: Asked) -> None:
        await openai_says(asked, "And so on and", reason="length")

    async with await played(tmp_path, [long, done()]) as one:
        assert one.status == "completed"
        assert "cut off" in one.told(1)


# -- tasks below tasks


async def test_a_failed_task_below_is_something_that_the_one_above_reads(tmp_path: Path) -> None:
    async def refuse(asked: Asked) -> None:
        await asked.refuse(401, "no")

    model = Model(main=[("new_task", {"mode": "ask", "message": "script child."}), done()], child=[refuse])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        assert (await ada.rest(task))["status"] == "completed"
        assert "failed" in str(model.asked["main"][1]["messages"])


async def test_aborting_the_one_above_ends_the_one_below(tmp_path: Path) -> None:
    model = Model(
        main=[("new_task", {"mode": "code", "message": "script child."}), done()], child=[run("sleep 60"), done()]
    )
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        below = (await ada.until(task, "delegated"))["childTaskId"]
        await ada.when(below, lambda found: bool(found["usage"]["input"]))
        assert (await ada.client.delete(f"/api/v1/tasks/{task}")).json()["status"] == "aborted"
        assert (await ada.look(below))["status"] == "aborted"
        await asyncio.sleep(0)
        assert (await ada.look(task))["status"] == "aborted"


async def test_aborting_the_one_below_lets_the_one_above_go_on(tmp_path: Path) -> None:
    model = Model(
        main=[("new_task", {"mode": "code", "message": "script child."}), done()], child=[run("sleep 60"), done()]
    )
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        below = (await ada.until(task, "delegated"))["childTaskId"]
        await ada.when(below, lambda found: bool(found["usage"]["input"]))
        await ada.client.delete(f"/api/v1/tasks/{below}")
        assert (await ada.rest(task))["status"] == "completed"
        assert "aborted" in str(model.asked["main"][1]["messages"])


# -- checkpoints


async def test_going_back_to_a_checkpoint_brings_the_files_back_and_the_conversation_with_them(tmp_path: Path) -> None:
    steps = [diff("a.txt", "one", "two"), diff("a.txt", "two", "thirty-three"), done(), done("again")]
    async with await played(tmp_path, steps, {"a.txt": "one\n"}) as one:
        assert await one.agent.read("a.txt") == "thirty-three\n"
        at = f"/api/v1/tasks/{one.task}/checkpoints"
        first, second = (await one.agent.client.get(at)).json()
        changed = (await one.agent.client.get(f"{at}/{second['checkpointId']}/diff")).json()["files"]
        assert [one["path"] for one in changed] == ["a.txt"]
        back = await one.agent.client.post(f"{at}/{first['checkpointId']}/restore", json={"scope": "task"})
        assert (back.status_code, back.json()["status"]) == (200, "paused"), back.text
        assert await one.agent.read("a.txt") == "one\n"
        await one.agent.client.put(f"/api/v1/tasks/{one.task}/resume")
        assert (await one.agent.rest(one.task))["result"] == "again"
        assert "thirty-three" not in one.told(3)
