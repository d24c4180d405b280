"""The demo model finds and fixes the failing test by what its tools really say, and plays the scripts of others."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host.demo.model import MODEL, Demo
from host.demo.script import built_in, repository
from host.prices import cost_of
from sessions.errors import InvalidValue
from sessions.models import Finished, Message, Request, Text, Thinking, ToolCall, ToolResult, ToolSpec
from tests.people import people

pytestmark = pytest.mark.anyio

TOOLS = ("read_file", "list_files", "write_to_file", "apply_diff", "execute_command", "attempt_completion")
TODO = (*TOOLS, "update_todo_list")


class Workspace:
    """Tools as an agent has them, over a real folder and real processes."""

    def __init__(self, folder: Path, no_pytest: bool = False) -> None:
        self.folder = folder
        self.no_pytest = no_pytest
        self.done = ""
        self.todos: list[str] = []
        self.used: list[str] = []

    def use(self, call: ToolCall) -> tuple[str, bool]:
        self.used.append(call.name)
        try:
            return str(getattr(self, call.name)(**call.arguments)), False
        except OSError as error:
            return f"Error: {error.strerror}", True

    def list_files(self, path: str, recursive: bool) -> str:
        return "\n".join(sorted(one.name for one in (self.folder / path).iterdir()))

    def read_file(self, path: str) -> str:
        lines = (self.folder / path).read_text().splitlines()
        return "\n".join(f"{number:>3} | {line}" for number, line in enumerate(lines, 1))

    def write_to_file(self, path: str, content: str) -> str:
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_text(content)
        return "saved"

    def apply_diff(self, path: str, diff: str) -> str:
        old, new = diff.split("<<<<<<< SEARCH\n")[1].split(">>>>>>> REPLACE")[0].split("=======\n")
        text = (self.folder / path).read_text()
        assert text.count(old) == 1
        (self.folder / path).write_text(text.replace(old, new))
        return "applied"

    def execute_command(self, command: str) -> str:
        if self.no_pytest and "pytest" in command:
            return "Exit code: 1\npython3: No module named pytest"
        words = [sys.executable if word == "python3" else word for word in command.split()]
        more = ["-p", "no:cacheprovider"] if "pytest" in words else []
        ran = subprocess.run([*words, *more], cwd=self.folder, capture_output=True, text=True, timeout=60)
        return f"Exit code: {ran.returncode}\n{ran.stdout}{ran.stderr}"

    def update_todo_list(self, todos: str) -> str:
        self.todos = todos.split("\n")
        return "updated"

    def attempt_completion(self, result: str) -> str:
        self.done = result
        return ""


async def answer(request: Request) -> tuple[str, str, list[ToolCall], Finished]:
    """What the model thinks, says and calls, and how it ended."""
    items = [item async for item in Demo(0).stream(None, MODEL, request)]
    thought = "".join(item.text for item in items if isinstance(item, Thinking))
    said = "".join(item.text for item in items if isinstance(item, Text))
    calls = [item for item in items if isinstance(item, ToolCall)]
    assert isinstance(items[-1], Finished)
    assert (calls != []) == (items[-1].reason == "tool_calls")
    return thought, said, calls, items[-1]


def request(*messages: Message, tools: tuple[str, ...] = TOOLS, **more: Any) -> Request:
    return Request(MODEL.id, messages, tools=tuple(ToolSpec(name, "", {}) for name in tools), **more)


def person(text: str) -> Message:
    return Message("user", (Text(text),))


async def work(workspace: Workspace, ask: str, tools: tuple[str, ...] = TOOLS) -> None:
    """The loop of an agent, until it says that it is done."""
    messages = [person(ask)]
    for _ in range(20):
        _, said, calls, _ = await answer(request(*messages, tools=tools))
        if not calls:
            return
        messages.append(Message("assistant", (Text(said), *calls)))
        came = [await asyncio.to_thread(workspace.use, call) for call in calls]
        if workspace.done:
            return
        results = [ToolResult(call.id, (Text(text),), bad) for call, (text, bad) in zip(calls, came, strict=True)]
        messages.append(Message("user", tuple(results)))
    raise AssertionError(f"it goes round and round: {workspace.used}")


def seed(folder: Path) -> None:
    for path, text in repository().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)


def all_pass(folder: Path) -> bool:
    command = [sys.executable, "-m", "unittest", "discover", "-s", "demo"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=60).returncode == 0


@pytest.mark.parametrize("tools", [TOOLS, TODO])
@pytest.mark.parametrize("no_pytest", [False, True])
@pytest.mark.parametrize("seeded", [True, False])
async def test_it_finds_and_fixes_the_failing_test(
    tmp_path: Path, seeded: bool, no_pytest: bool, tools: tuple[str, ...]
) -> None:
    if seeded:
        await asyncio.to_thread(seed, tmp_path)
        assert not await asyncio.to_thread(all_pass, tmp_path)
    workspace = Workspace(tmp_path, no_pytest)
    await work(workspace, "Please fix the failing test", tools)
    assert workspace.done.startswith("Fixed.")
    assert await asyncio.to_thread(all_pass, tmp_path)
    assert workspace.used.count("apply_diff") == 1
    assert [line[:3] for line in workspace.todos if line] == ["[x]"] * (3 if tools is TODO else 0)


async def test_what_is_right_already_is_left_as_it_is(tmp_path: Path) -> None:
    await asyncio.to_thread(seed, tmp_path)
    file = tmp_path / "demo/basket.py"
    await asyncio.to_thread(lambda: file.write_text(file.read_text().replace("> MANY", ">= MANY")))
    workspace = Workspace(tmp_path)
    await work(workspace, "fix the tests")
    assert workspace.done.startswith("Nothing to fix")
    assert "apply_diff" not in workspace.used


async def test_a_refused_tool_ends_it_in_words(tmp_path: Path) -> None:
    await asyncio.to_thread(seed, tmp_path)
    call = ToolCall("c1", "read_file", {"path": "demo/basket.py"})
    refusal = ToolResult("c1", (Text("The user denied this operation."),), is_error=True)
    _, _, calls, _ = await answer(request(person("fix it"), Message("assistant", (call,)), Message("user", (refusal,))))
    assert [one.name for one in calls] == ["attempt_completion"]


async def test_a_file_that_makes_the_tests_fail_for_another_reason_does_not_send_it_round(tmp_path: Path) -> None:
    await asyncio.to_thread(seed, tmp_path)
    tests = tmp_path / "demo/test_basket.py"
    await asyncio.to_thread(lambda: tests.write_text(tests.read_text().replace("4.50), 4.50", "4.50), 5.50")))
    workspace = Workspace(tmp_path)
    await work(workspace, "fix the tests")
    assert "still fail" in workspace.done


@pytest.mark.parametrize("text", ["hello", "", "Was ist das?"])
async def test_it_says_that_it_is_a_script_and_calls_no_tool_that_is_not_offered(text: str) -> None:
    _, said, calls, finished = await answer(request(person(text), tools=()))
    assert "script" in said
    assert calls == []
    assert finished.reason == "stop"
    assert cost_of(MODEL.price, finished.usage) == 0 if MODEL.price else False
    assert "scripted" in MODEL.name
    assert (await answer(request(person("fix"), tools=TOOLS, tool_choice="none")))[2] == []


async def test_it_streams_word_by_word_and_ends_at_the_longest_answer() -> None:
    items = [item async for item in Demo(0).stream(None, MODEL, request(person("fix it")))]
    assert sum(isinstance(item, Text) for item in items) > 10
    assert all(len(item.text) < 40 for item in items if isinstance(item, Text))
    _, said, calls, finished = await answer(request(person("fix it"), max_output_tokens=20))
    assert finished.reason == "length"
    assert (len(said.split()), calls) == (0, []) or finished.usage.output == 20


OWN = {
    "texts": {"greeting": "Good day, $name!"},
    "rules": [
        {"says": ["i am"], "take": {"name": ["am ", "."]}, "text": "Good day, $name!"},
        {"tool": "look", "error": True, "text": "It failed."},
        {"tool": "look", "says": ["red"], "text": "It is red."},
        {"says": ["look"], "calls": [{"name": "look", "arguments": {"at": ["$nothing"]}}, {"name": "unknown"}]},
    ],
}


async def test_an_author_plays_a_script_of_their_own() -> None:
    own = {"options": {"script": OWN}, "tools": ("look",)}
    assert (await answer(request(person("I am Ada. Hello"), **own)))[1] == "Good day, Ada!"
    _, _, calls, _ = await answer(request(person("look"), **own))
    assert [(call.name, call.arguments) for call in calls] == [("look", {"at": ["$nothing"]})]
    for is_error, said in ((True, "It failed."), (False, "It is red.")):
        result = Message("user", (ToolResult(calls[0].id, (Text("RED"),), is_error),))
        assert (await answer(request(person("look"), Message("assistant", tuple(calls)), result, **own)))[1] == said
    assert "no rule" in (await answer(request(person("what?"), **own)))[1]


async def test_a_users_setting_is_their_script_and_nobody_elses(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        alice, bob = [await sessions.open(uid) for uid in ("alice", "bob")]
        await alice.settings.update("demo.script", {"rules": [{"text": "Hello Alice."}]})
        with alice.entered():
            assert (await answer(request(person("hi"))))[1] == "Hello Alice."
        with bob.entered():
            assert "Alice" not in (await answer(request(person("hi"))))[1]


@pytest.mark.parametrize(
    ("script", "field"),
    [
        ("x", "script"),
        ({"rules": []}, "script.rules"),
        ({"rules": [{"say": "x"}]}, "script.rules.0.say"),
        ({"rules": [{"text": "x" * 100_000}]}, "script.rules.0.text"),
        ({"rules": [{}] * 101}, "script.rules"),
    ],
)
async def test_a_script_that_is_none_is_refused_by_name(script: object, field: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        await answer(request(person("hi"), options={"script": script}))
    assert refusal.value.field == field


async def test_a_script_as_long_as_may_be_and_a_long_conversation_hold_nobody_up() -> None:
    rule = {"says": ["x" * 250 + str(number) for number in range(8)], "text": "found"}
    long = person("x" * 3_000_000)
    before = asyncio.get_running_loop().time()
    await answer(request(long, options={"script": {"rules": [rule] * 100}}))
    assert asyncio.get_running_loop().time() - before < 5  # it is some ms; a pattern that hangs would be hours


async def test_every_rule_of_ours_is_valid_and_the_repository_is_whole() -> None:
    script = await asyncio.to_thread(built_in)
    assert all(rule.text for rule in script.rules)
    assert set(repository()) == {"demo/basket.py", "demo/test_basket.py"}
