"""Tools of extensions and MCP servers, whatever they say of themselves, do, give, or become while somebody is asked."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import shim as vscode
from extensions.coder import executor
from extensions.coder import plugins as plugins_module
from extensions.coder.modes import BUILT_IN
from extensions.coder.plugins import LARGEST_SCHEMA, LONGEST, PICTURES, converted, is_of, offered, plugin
from extensions.coder.prompting import MOST_PLUGINS, plugins
from extensions.coder.results import PICTURE_BYTES, TOGETHER, kept, told_together
from extensions.coder.task import Call, Conversation, Task, ask_about
from extensions.coder.tool import Image, Result, ToolError
from sessions.context import SessionContext
from tests.extensions.coder.scripted import Agent, Model, agents
from tests.extensions.coder.uses import Using
from tests.threads import is_beside, watched

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
Text, Data = vscode.LanguageModelTextPart, vscode.LanguageModelDataPart


class Tool:
    """One that counts its calls; `gives` is its content, or raises."""

    def __init__(self, gives: Callable[[], Any] = lambda: [Text("fine")]) -> None:
        self.gives = gives
        self.made = 0

    async def invoke(self, options: Any, token: vscode.CancellationToken) -> vscode.LanguageModelToolResult:
        self.made += 1
        return vscode.LanguageModelToolResult(self.gives())


def raises(error: BaseException) -> Callable[[], Any]:
    def give() -> Any:
        raise error

    return give


async def registered(agent: Agent, name: str, tool: Tool, description: str = "A tool") -> vscode.Disposable:
    session = await agent.host.sessions.open(agent.uid)
    with session.entered("test.mcp"):
        return vscode.lm.register_tool(name, tool, description=description)


# -- what they say of themselves


def endless() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    schema["properties"] = {"a": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [{"type": "string"}, ["a"], "object", True, 7, endless(), {"properties": {1: {}}}, {"x": {1, 2}}, {"x": b"a"},
     {"description": "\ud800"}, {"maximum": 10**400}, {"description": "x" * LARGEST_SCHEMA}],
)  # fmt: skip
def test_a_tool_whose_schema_no_provider_takes_is_not_offered_and_does_not_stop_all_tasks(schema: Any) -> None:
    with pytest.raises(ValueError, match="not offered to models: its input_schema must be"):
        offered(vscode.lm.LanguageModelToolInformation("query", "A tool", schema))


@pytest.mark.parametrize("name", ["a b", "a.b", "\u00fc", "x" * 65, "a/b", "a\n", "\ud800", " ", "a:b", "a\0"])
def test_a_tool_whose_name_no_provider_takes_is_not_offered(name: str) -> None:
    with pytest.raises(ValueError, match="its name must be 1 to 64 letters"):
        offered(vscode.lm.LanguageModelToolInformation(name, "A tool"))


@pytest.mark.parametrize(
    ("schema", "told"),
    [(None, {}), ({}, {}), (MappingProxyType({"properties": MappingProxyType({"a": {}})}), {"a": {}}),
     ({"type": "object", "anyOf": [{"required": ["a"]}], "$ref": "#"}, {}), ({"properties": ["a"]}, {})],
)  # fmt: skip
def test_what_is_told_of_a_schema_is_that_of_an_object(schema: Any, told: Any) -> None:
    found = offered(vscode.lm.LanguageModelToolInformation("query", None, schema))  # type: ignore[arg-type]
    assert found.input_schema == {"type": "object", "properties": told}
    assert found.description == ""


def test_of_a_call_that_has_several_forms_models_are_told_all_properties() -> None:
    text = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "to": {"type": "string"}},
        "required": ["text"],
    }
    link = {"properties": {"url": {"type": "string"}, "to": {"type": "integer"}}, "required": ["url", "id"]}
    own = {"properties": {"id": {"type": "string"}}, "required": ["id"]}
    schema = {"anyOf": [{"$ref": "#/$defs/text"}, link], "allOf": [own], "$defs": {"text": text}}
    found = offered(vscode.lm.LanguageModelToolInformation("send", "Sends", schema))
    properties = {"text": {"type": "string"}, "url": {"type": "string"}, "id": {"type": "string"}}
    to = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert found.input_schema == {
        "type": "object", "properties": {**properties, "to": to}, "required": ["id"], "$defs": {"text": text}
    }  # fmt: skip


async def test_of_very_many_tools_models_are_offered_some_and_the_user_is_told(ada: SessionContext) -> None:
    for number in range(MOST_PLUGINS + 5):
        vscode.lm.register_tool(f"tool_{number:03}", Tool())
    vscode.lm.register_tool("a b", Tool(), description="\ud800")
    found, problems = plugins(converted(vscode.lm.tools), BUILT_IN[1], (), ())
    assert len(found) == MOST_PLUGINS
    assert ["'a b'" in problems[0], "there are more" in problems[1], len(problems)] == [True, True, 2]


async def test_tools_are_converted_anew_once_one_comes_goes_or_changes(ada: SessionContext) -> None:
    query = vscode.lm.register_tool("query", Tool())
    first = converted(vscode.lm.tools)
    assert is_of(first, vscode.lm.tools)
    more = vscode.lm.register_tool("more", Tool())
    assert not is_of(first, vscode.lm.tools)
    more.dispose()
    assert is_of(first, vscode.lm.tools)
    query.dispose()
    assert not is_of(first, vscode.lm.tools)
    vscode.lm.register_tool("query", Tool(), description="Another")
    assert not is_of(first, vscode.lm.tools)


async def test_what_is_not_told_of_a_schema_is_checked_all_the_same(ada: SessionContext) -> None:
    vscode.lm.register_tool("query", Tool(), input_schema={"type": "object", "anyOf": [{"required": ["a"]}]})
    tool = await plugin("query")
    assert tool is not None and "anyOf" in tool.schema
    vscode.lm.register_tool("odd", Tool(), input_schema={"type": "string"})
    with pytest.raises(ToolError, match="not offered"):
        await plugin("odd")


async def test_schemas_are_made_plain_beside_the_loop(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    vscode.lm.register_tool("query", Tool(), input_schema={"anyOf": [{"properties": {"a": {"const": 1}}}]})
    threads = watched(monkeypatch, [(plugins_module, "as_object")])
    assert await plugin("query") is not None
    assert is_beside(threads, 1)


# -- what they give


async def called(name: str, use: Using) -> Result:
    tool = await plugin(name)
    assert tool is not None
    return await (await tool.plan(use, {})).act()


@pytest.mark.parametrize(
    ("content", "text", "pictures"),
    [
        ([Text("a\ud800b")], "a?b", 0), ([Text(5), Text(None)], "5\nNone", 0), ([], "(no text)", 0),
        (None, "(no text)", 0),
        ([Data(b"readable", "text/plain"), Data(b'{"a": 1}', "application/json")], 'readable\n{"a": 1}', 0),
        ([Data(PNG, "image/png"), Data(PNG, "application/octet-stream")], "(no text)", 2),
        ([Data(b"<svg/>", "image/svg+xml"), Data(b"no", "image/png"), Data("no", "image/png"), "raw", 5], "5 parts", 0),
        ([Data(PNG, None), Data(PNG + b"\0" * (5 << 20), "image/png")], "1 parts", 1),
        ([Data(PNG, "image/png")] * (PICTURES + 3), "3 parts", PICTURES),
        ([Text("x" * LONGEST), Text("more")], "1 parts", 0),
    ],
)  # fmt: skip
async def test_whatever_a_tool_gives_is_text_and_pictures_that_a_model_can_be_shown(
    ada: SessionContext, content: Any, text: str, pictures: int
) -> None:
    vscode.lm.register_tool("query", Tool(lambda: content))
    result = await called("query", Using())
    assert text in result.text and len(result.images) == pictures
    assert {one.mime for one in result.images} <= {"image/png"}


async def test_a_model_that_sees_nothing_is_given_no_picture(ada: SessionContext) -> None:
    vscode.lm.register_tool("query", Tool(lambda: [Data(PNG, "image/png")]))
    use = Using()
    use.sees_images = False
    assert (await called("query", use)).images == ()


def test_results_of_one_answer_fit_into_one_record() -> None:
    big = Image(b"\0" * (PICTURE_BYTES // 2), "image/png")
    one = kept(Result("\u20ac\ud800" * 300_000, (big, big, big)), mistake=False)
    assert len(one["images"]) == 2 and "1 pictures are left out" in one["text"]
    calls = [Call(str(at), at, "query", {}, "done", result=one) for at in range(40)]
    told = told_together(calls)
    pictures = [part for call in told for part in call["content"] if part["type"] == "image"]
    texts = [part["text"] for call in told for part in call["content"] if part["type"] == "text"]
    assert len(pictures) == 2 and "2 pictures are left out" in texts[1]
    assert sum(map(len, texts)) < TOGETHER * 1.1


# -- what they do to a task


@pytest.mark.parametrize(
    ("gives", "told"),
    [(raises(asyncio.CancelledError()), "broken off by its own extension"), (raises(SystemExit(3)), "SystemExit"),
     (raises(ValueError("half \ud800")), "half ?")],
)  # fmt: skip
async def test_a_task_goes_on_however_a_tool_ends(tmp_path: Path, gives: Callable[[], Any], told: str) -> None:
    async with agents(tmp_path, Model(main=[("query", {}), DONE])) as agent:
        ada = agent("ada")
        await registered(ada, "query", Tool(gives))
        await ada.allow(autoApprovalEnabled=True, alwaysAllowMcp=True, allowedMcpTools=["query"])
        task = await ada.task()
        assert (await ada.rest(task))["status"] == "completed"
        assert told in (await ada.tools(task))[0][2]


async def test_a_call_whose_run_failed_half_way_is_not_made_again_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tool = Model(main=[("query", {}), DONE]), Tool()
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda *_: None)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await registered(ada, "query", tool)
        await ada.allow(autoApprovalEnabled=True, alwaysAllowMcp=True, allowedMcpTools=["query"])
        with monkeypatch.context() as broken:
            broken.setattr(executor, "kept", lambda *_, **__: 1 / 0)
            task = await ada.task()
            assert "ZeroDivisionError" in (await ada.rest(task))["message"]
            assert (await ada.tools(task))[0][1] == "failed"
        gc.collect()  # the failure is told to nobody but the log
        loop.set_exception_handler(handler)
        assert (await ada.client.put(f"/api/v1/tasks/{task}/resume")).status_code == 200
        assert (await ada.until(task, "completed"))["result"] == "All done."
        assert tool.made == 1
        assert "whether it did its work" in str(model.asked["main"][-1]["messages"])


async def test_a_tool_that_another_takes_the_place_of_is_asked_about_anew(tmp_path: Path) -> None:
    calls = [("mcp--a--b", {"at": at}) for at in range(3)]
    async with agents(tmp_path, Model(main=[*calls, DONE])) as agent:
        ada, first, second = agent("ada"), Tool(), Tool()
        await ada.allow(autoApprovalEnabled=True)
        undo = await registered(ada, "mcp--a--b", first)
        task = await ada.task()
        await ada.until(task, "waiting")
        undo.dispose()
        await registered(ada, "mcp--a--b", second, "Removes everything")
        await ada.decide(task)
        found = await ada.rest(task)
        assert "has changed since it was allowed" in found["approvals"][0]["why"]
        assert (first.made, second.made) == (0, 0)
        await ada.decide(task, "always")
        assert (await ada.rest(task))["status"] == "completed", "always is for the tool as it was"
        assert second.made == 3


async def test_a_tool_that_changes_is_allowed_no_longer(ada: SessionContext) -> None:
    undo = vscode.lm.register_tool("query", Tool(), description="Reads")
    tool = await plugin("query")
    assert tool is not None
    plan = await tool.plan(Using(), {})
    undo.dispose()
    with pytest.raises(ToolError, match="is gone, or has become another tool"):
        await plan.act()
    vscode.lm.register_tool("query", Tool(), description="Writes")
    with pytest.raises(ToolError, match="is gone, or has become another tool"):
        await plan.act()
    changed = await tool.plan(Using(), {})
    assert changed.actions[0].definition != plan.actions[0].definition


async def test_a_tool_of_a_server_needs_a_mode_that_may_use_servers(tmp_path: Path) -> None:
    reader = '{"customModes": [{"slug": "reader", "name": "R", "roleDefinition": "r", "groups": ["read"]}]}'
    async with agents(tmp_path, Model(main=[[("mcp--a--b", {}), ("plain", {})], DONE])) as agent:
        ada, server, plain = agent("ada"), Tool(), Tool()
        await ada.write(".roomodes", reader)
        await registered(ada, "mcp--a--b", server)
        await registered(ada, "plain", plain)
        await ada.allow(autoApprovalEnabled=True, alwaysAllowMcp=True, allowedMcpTools=["mcp--a--b", "plain"])
        assert (await ada.rest(await ada.task(mode="reader")))["status"] == "completed"
        assert (server.made, plain.made) == (0, 1)


def test_a_call_that_is_broken_off_twice_is_asked_about_twice() -> None:
    call = Call("same", 0, "query", {}, "begun")
    asked: list[Mapping[str, Any]] = []
    for now in (1, 2):
        conversation = Conversation(Task("t", "running", "code", "", 0, 0, "/workspace"), calls={"same": call})
        draft = conversation.draft()
        ask_about(draft, conversation, call, now)
        asked += draft.approvals
    assert asked[0]["approvalId"] != asked[1]["approvalId"]
