"""What is sent to providers: stable beginnings for their caches, images, thinking, options, addresses by kind."""

from __future__ import annotations

import base64
import re
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from host import calling, models
from host.providers import answers, anthropic, openai
from host.providers.account import Account
from host.providers.details import LARGEST, MOST, Details
from host.providers.subset import subset
from sessions.errors import InvalidValue
from sessions.models import (
    CacheMark,
    Finished,
    Image,
    Item,
    Message,
    Model,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from tests.host.fakes import Asked, anthropic_says, hello_from, openai_says, provider
from tests.host.pools import house, texts
from tests.threads import is_beside, watched

pytestmark = pytest.mark.anyio

MODEL = Model("acme/m", "m", "acme", max_output_tokens=100)
TOOLS = (ToolSpec("read", "reads", {"type": "object", "properties": {"path": {"type": "string"}}}),)
CALL = ToolCall("t1", "read", {"path": "x", "also": {"b": 1, "a": 2}})
PNG = Image("image/png", b"\x89PNG not really")


def openai_body(request: Request, kind: str = "openai", base_url: str | None = "http://x/v1") -> dict[str, Any]:
    return openai.body(Account("acme", kind, base_url), MODEL, request)


def conversation(turns: int) -> Request:
    """A task after so many turns."""
    said: list[Message] = [Message("user", (Text("do it"),))]
    for turn in range(turns):
        call = ToolCall(f"t{turn}", "read", dict(CALL.arguments))
        said.append(Message("assistant", (Thinking("hm", f"sig{turn}"), Text(f"step {turn}"), call)))
        said.append(Message("user", (ToolResult(call.id, (Text(f"found {turn}"), PNG)), Text("and now?"))))
    return Request("acme/m", tuple(said), (Text("you code"), Text("in this project")), TOOLS)


def unmarked(value: Any) -> Any:
    """Without the cache's marks, which are no part of what is cached."""
    if isinstance(value, dict):
        return {name: unmarked(one) for name, one in value.items() if name != "cache_control"}
    return [unmarked(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("body", [openai_body, lambda request: anthropic.body(MODEL, request)])
def test_a_longer_conversation_begins_with_the_same_bytes(body: Any) -> None:
    """Caches match beginnings: one byte that differs, and all behind it is paid in full."""
    assert orjson.dumps(body(conversation(3))) == orjson.dumps(body(conversation(3)))
    for turns in range(4):
        shorter, longer = unmarked(body(conversation(turns))), unmarked(body(conversation(turns + 1)))
        for name in ("system", "tools"):
            assert orjson.dumps(shorter.get(name)) == orjson.dumps(longer.get(name))
        count = len(shorter["messages"])
        assert orjson.dumps(shorter["messages"]) == orjson.dumps(longer["messages"][:count])


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_the_cache_of_the_last_request_is_read_by_the_next_and_four_marks_are_never_passed(turns: int) -> None:
    now, then = anthropic.body(MODEL, conversation(turns)), anthropic.body(MODEL, conversation(turns + 1))
    assert "cache_control" in now["tools"][-1]
    assert "cache_control" in now["system"][-1]
    assert "cache_control" in now["messages"][-1]["content"][-1]
    assert "cache_control" in then["messages"][len(now["messages"]) - 1]["content"][-1]
    assert orjson.dumps(now).count(b"cache_control") <= anthropic.MARKS


def test_images_in_tool_results_reach_both_wires() -> None:
    request = Request("acme/m", (Message("user", (ToolResult("t1", (Text("seen"), PNG)),)),))
    data = base64.b64encode(PNG.data).decode()
    (message,) = anthropic.body(MODEL, request)["messages"]
    assert message["content"][0]["content"] == [
        {"type": "text", "text": "seen"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
    ]
    result, shown = openai_body(request)["messages"]
    assert result == {"role": "tool", "tool_call_id": "t1", "content": "seen"}
    assert shown["role"] == "user"
    assert {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}} in shown["content"]


def ids_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The ids of the calls of a request, each with that of its result."""
    if any(one["role"] == "tool" for one in body["messages"]):
        calls = [call["id"] for one in body["messages"] for call in one.get("tool_calls", ())]
        results = [one["tool_call_id"] for one in body["messages"] if one["role"] == "tool"]
    else:
        blocks = [block for one in body["messages"] for block in one["content"]]
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    return list(zip(calls, results, strict=True))


ODD = ("functions.read_file:0", "x" * 60, "toolu_01A-b", "Ab3dE6gH9")
"""Ids that models of several providers give their calls."""


@pytest.mark.parametrize(
    ("kind", "base_url", "pattern", "kept"),
    [
        ("anthropic", None, r"[A-Za-z0-9_-]+", ODD[1:]),
        ("openai", None, r".{1,40}", (ODD[0], *ODD[2:])),
        ("openai", "https://api.mistral.ai/v1", r"[A-Za-z0-9]{9}", ODD[3:]),
        ("openai", "http://x/v1", r".+", ODD),
    ],
)
def test_a_conversation_of_another_providers_model_goes_on_with_ids_that_the_api_takes(
    kind: str, base_url: str | None, pattern: str, kept: tuple[str, ...]
) -> None:
    said: list[Message] = []
    for id in ODD:
        said.append(Message("assistant", (ToolCall(id, "read", {}),)))
        said.append(Message("user", (ToolResult(id, (Text("found"),)),)))
    request = Request("acme/m", tuple(said), (), TOOLS)
    body = anthropic.body(MODEL, request) if kind == "anthropic" else openai_body(request, kind, base_url)
    ids = ids_of(body)
    assert all(call == result and re.fullmatch(pattern, call) for call, result in ids)
    assert len(set(ids)) == len(ODD)
    assert set(kept) <= {call for call, _ in ids}


@pytest.mark.parametrize(
    ("made_up", "sent"), [("read file<|x|>", "read_file__x__"), ("", "unknown"), ("é" * 99, "_" * 64)]
)
def test_a_name_that_no_tool_can_have_spoils_no_later_request(made_up: str, sent: str) -> None:
    call, result = ToolCall("t1", made_up, {}), ToolResult("t1", (Text("there is no such tool"),), is_error=True)
    request = Request("acme/m", (Message("assistant", (call,)), Message("user", (result,))), (), TOOLS)
    assert openai_body(request)["messages"][0]["tool_calls"][0]["function"]["name"] == sent
    assert anthropic.body(MODEL, request)["messages"][0]["content"][0]["name"] == sent


SCHEMA = {
    "type": "object",
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "properties": {
        "path": {"type": "string", "description": "where", "format": "uri", "minLength": 1},
        "mode": {"type": ["string", "null"], "enum": ["a", "b", None]},
        "size": {"type": ["integer", "string", "null"], "default": 3},
        "level": {"type": "integer", "enum": [1, 2]},
        "kind": {"const": "x"},
        "files": {"type": ["array", "null"]},
        "odd": {"anyOf": True, "type": 3, "enum": "x"},
        "list": {"type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {}}},
        "either": {"oneOf": [{"type": "string"}, {"type": "null"}, {"$ref": "#/$defs/a"}]},
    },
    "$defs": {"a": {"type": ["string", "null"]}},
    "required": ["path", "gone"],
    "additionalProperties": False,
}


ANYTHING = {"anyOf": [{"type": one} for one in ("string", "number", "boolean", "object")]}


def test_google_gets_the_part_of_a_schema_that_it_takes() -> None:
    tools = (ToolSpec("read", "reads", SCHEMA), ToolSpec("look", "looks", {"type": "object", "properties": {}}))
    read, look = (one["function"] for one in openai_body(Request("acme/m", (), tools=tools), "gemini")["tools"])
    assert look == {"name": "look", "description": "looks"}
    assert read["parameters"] == {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "where", "minLength": 1},
            "mode": {"type": "string", "nullable": True, "enum": ["a", "b"]},
            "size": {"anyOf": [{"type": "integer", "nullable": True}, {"type": "string"}]},
            "level": {"type": "integer"},
            "kind": {"type": "string", "enum": ["x"]},
            "files": {"type": "array", "nullable": True, "items": {"type": "string"}},
            "odd": ANYTHING,
            "list": {"type": "array", "items": {"type": "object"}},
            "either": {"type": "string", "nullable": True},
        },
        "required": ["path"],
    }
    assert openai_body(Request("acme/m", (), tools=tools))["tools"][0]["function"]["parameters"] == SCHEMA


NODE = {
    "type": "object",
    "description": "a node",
    "properties": {"name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
    "required": ["name"],
}
OPEN = {"type": "object", "description": "a node"}


def below(items: dict[str, Any]) -> dict[str, Any]:
    properties = {"name": {"type": "string"}, "below": {"type": "array", "items": items}}
    return {**OPEN, "properties": properties, "required": ["name"]}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$ref": "#/$defs/node"}, below(below(OPEN))),
        ({"$ref": "#/$defs/nowhere"}, ANYTHING),
        ({"$ref": "https://example.com/schema"}, ANYTHING),
        ({"$ref": "#/$defs/round"}, {"type": "object"}),
        ({"$ref": "#/$defs/a~1b%20c", "description": "mine"}, {"type": "string", "enum": ["x"], "description": "mine"}),
        ({"allOf": [{"$ref": "#/$defs/color"}], "description": "which"},
         {"type": "string", "enum": ["red", "blue"], "description": "which"}),
        ({"allOf": [{"type": "integer", "minimum": 1}, {"type": "number", "minimum": 3, "maximum": 9}]},
         {"type": "integer", "minimum": 3, "maximum": 9}),
        ({"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"a": {"minLength": 2}, "b": {"type": "integer"}}, "required": ["b", "c"]}]},
         {"type": "object", "properties": {"a": {"type": "string", "minLength": 2}, "b": {"type": "integer"}},
          "required": ["a", "b"]}),
        ({"properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
         {"type": "object", "properties": {"a": {"type": "string"}}}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}, {"type": "null"}]},
         {"type": "string", "enum": ["a", "b"], "nullable": True}),
        ({"description": "which", "anyOf": [{"$ref": "#/$defs/color"}, {"type": "integer", "title": "its number"}]},
         {"anyOf": [{"type": "string", "enum": ["red", "blue"], "description": "which"},
                    {"type": "integer", "title": "its number"}]}),
        ({"type": "null"}, {"type": "string", "nullable": True}),
        ({"type": "string", "enum": ["", "x"], "properties": {"a": {}}, "required": ["a"], "minLength": "one"},
         {"type": "string", "enum": ["x"]}),
        ({"items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        ({"enum": [1, 2]}, {"type": "integer"}),
        (True, ANYTHING),
    ],
)  # fmt: skip
def test_google_gets_what_a_schema_refers_to_in_its_place(schema: Any, told: dict[str, Any]) -> None:
    defs = {"node": NODE, "round": {"$ref": "#/$defs/round"}, "a/b c": {"const": "x"}}
    whole = {"type": "object", "properties": {"x": schema}, "$defs": {**defs, "color": {"enum": ["red", "blue"]}}}
    assert subset(whole) == {"type": "object", "properties": {"x": told}}


def test_google_gets_one_object_for_a_call_of_several_forms() -> None:
    forms = [{"$ref": "#/$defs/text"}, {"properties": {"url": {"type": "string"}, "a": {"type": "integer"}}}]
    text = {"properties": {"text": {"type": "string"}, "a": {"type": "string"}}, "required": ["text"]}
    either = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert subset({"type": "object", "anyOf": forms, "$defs": {"text": text}}) == {
        "type": "object",
        "properties": {"text": {"type": "string"}, "a": either, "url": {"type": "string"}},
    }


def test_what_google_gets_of_a_schema_that_grows_without_end_is_told_in_a_moment() -> None:
    doubled = {str(at): {"properties": {name: {"$ref": f"#/$defs/{at + 1}"} for name in "abcdef"}} for at in range(30)}
    many = {name: {"$ref": "#"} for name in "abcdefghij"}
    for schema in (
        {"properties": {"x": {"$ref": "#/$defs/0"}}, "$defs": doubled},
        {"properties": many, "allOf": [{"$ref": "#"}] * 50, "anyOf": [{"$ref": "#"}] * 50},
        {"properties": {"x": {"anyOf": [{"anyOf": [{"type": "string", "maxLength": at * other} for at in range(99)]}
                                        for other in range(99)]}}},
    ):  # fmt: skip
        began = time.process_time()
        assert len(orjson.dumps(subset(schema))) < 1_000_000
        assert time.process_time() - began < 2


def test_anthropic_gets_no_text_of_blanks_alone() -> None:
    said = (Message("user", (Text(" \n"), ToolResult("t1", ()), ToolResult("t2", (Text("\n"),)))),)
    blocks = anthropic.body(MODEL, Request("acme/m", said))["messages"][0]["content"]
    texts = [one.get("text") or one["content"][0]["text"] for one in blocks]
    assert texts == ["(empty)"] * 3


async def thinks(asked: Asked) -> None:
    """Thinking with its signature, a sealed thought, and a tool call, as Anthropic sends them."""
    if asked.number:
        await hello_from(asked, "done")
        return
    await asked.head()

    async def send(kind: str, **more: Any) -> None:
        await asked.event({"type": kind, **more}, kind)

    usage = {"input_tokens": 10, "output_tokens": 1}
    await send(
        "message_start", message={"id": "m", "type": "message", "role": "assistant", "content": [], "usage": usage}
    )
    await send("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})
    for word in ("let me ", "look"):
        await send("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": word})
    await send("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "SIGNED"})
    await send("content_block_stop", index=0)
    await send("content_block_start", index=1, content_block={"type": "redacted_thinking", "data": "SEALED"})
    await send("content_block_stop", index=1)
    await send(
        "content_block_start", index=2, content_block={"type": "tool_use", "id": "t1", "name": "read", "input": {}}
    )
    await send("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"path":"x"}'})
    await send("content_block_stop", index=2)
    await send("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 30})
    await send("message_stop")
    await asked.end()


async def test_what_a_model_thought_goes_back_to_it_signed_and_unchanged(tmp_path: Path) -> None:
    async with provider(thinks) as one, house(tmp_path, one.url, "anthropic") as home:
        session = await home.sessions.open("ada")
        first = Message("user", (Text("go"),))
        options = {"thinking_tokens": 2_000}
        async with home.pool.stream(session, Request("acme/m", (first,), tools=TOOLS, options=options)) as items:
            came: list[Item] = [item async for item in items]
        thought = [item for item in came if isinstance(item, Thinking)]
        whole = Thinking("".join(item.text for item in thought if not item.redacted), thought[2].signature)
        (call,) = [item for item in came if isinstance(item, ToolCall)]
        said = Message("assistant", (whole, thought[-1], call))
        back = Message("user", (ToolResult(call.id, (Text("found"),)),))
        async with home.pool.stream(
            session, Request("acme/m", (first, said, back), tools=TOOLS, options=options)
        ) as items:
            assert texts([item async for item in items]) == "done"
    asked = one.asked[1].body
    assert one.asked[0].body["thinking"] == {"type": "enabled", "budget_tokens": 2_000}
    assert asked["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "let me look", "signature": "SIGNED"},
        {"type": "redacted_thinking", "data": "SEALED"},
        {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "x"}},
    ]
    end = came[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.usage.output) == ("tool_calls", 30)
    assert 0 < end.usage.thinking <= 30


async def test_thinking_without_a_signature_goes_back_to_the_provider_that_wants_it_and_to_no_other(
    tmp_path: Path,
) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        for delta in ({"reasoning_content": "let me "}, {"reasoning_content": "look"}, {"content": "So:"}):
            await asked.event({"choices": [{"index": 0, "delta": delta}]})
        call = {"index": 0, "id": "t1", "function": {"name": "read", "arguments": "{}"}}
        await asked.event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]})
        await asked.event(b"[DONE]")
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        came = await home.ask()
    thought = [item for item in came if isinstance(item, Thinking)]
    assert "".join(item.text for item in thought) == "let me look"
    assert came.index(thought[-1]) < came.index(next(item for item in came if isinstance(item, Text)))
    said = (Thinking("let me look", thought[-1].signature), Text("So:"), ToolCall("t1", "read", {}))
    request = Request("acme/m", (Message("assistant", said), Message("user", (ToolResult("t1", (Text("x"),)),))))
    assert openai_body(request)["messages"][0]["reasoning_content"] == "let me look"
    others = openai.body(Account("other", "openai", "http://y/v1"), MODEL, request)
    assert "reasoning_content" not in others["messages"][0]
    assert [one["type"] for one in anthropic.body(MODEL, request)["messages"][0]["content"]] == ["text", "tool_use"]
    deepseek = openai.body(Account("other", "openai", "https://api.deepseek.com"), MODEL, request)
    assert deepseek["messages"][0]["reasoning_content"] == "", "it takes no call without the field"
    silent = Request("acme/m", (Message("assistant", (*said[:1], Text("done"))),))
    assert "reasoning_content" not in openai_body(silent)["messages"][0]


async def test_the_signature_of_a_call_goes_back_with_it_to_the_provider_that_made_it(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        signed = {"extra_content": {"google": {"thought_signature": "SIGNED"}}}
        for at, more in enumerate((signed, {})):
            call = {"index": 0, "id": f"t{at}", "function": {"name": "read", "arguments": "{}"}, **more}
            await asked.event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
        await asked.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
        await asked.event(b"[DONE]")
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        came = [item for item in await home.ask() if isinstance(item, Thinking | ToolCall)]
    assert [type(item) for item in came] == [Thinking, ToolCall, ToolCall]
    results = tuple(ToolResult(f"t{at}", (Text("x"),)) for at in (0, 1))
    request = Request("acme/m", (Message("assistant", tuple(came)), Message("user", results)))
    first, second = openai_body(request)["messages"][0]["tool_calls"]
    assert first["extra_content"] == {"google": {"thought_signature": "SIGNED"}}
    assert "extra_content" not in second
    other = openai.body(Account("other", "openai", "http://y/v1"), MODEL, request)
    assert "extra_content" not in str(other)
    assert "SIGNED" not in str(anthropic.body(MODEL, request))


async def test_details_of_what_was_thought_go_back_as_they_came_to_the_provider_that_told_them(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        said = {"type": "reasoning.text", "index": 0, "format": "x"}
        sealed = {"type": "reasoning.encrypted", "index": 1, "id": "r1", "data": "SEALED"}
        for piece in ([{**said, "text": "let me "}], [{**said, "text": "look", "signature": "S"}, sealed]):
            await asked.event({"choices": [{"index": 0, "delta": {"reasoning_details": piece}}]})
        call = {"index": 0, "id": "t1", "function": {"name": "read", "arguments": "{}"}}
        await asked.event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]})
        await asked.event(b"[DONE]")
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        came = [item for item in await home.ask() if isinstance(item, Thinking | ToolCall)]
    request = Request("acme/m", (Message("assistant", tuple(came)),))
    assert openai_body(request)["messages"][0]["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "format": "x", "text": "let me look", "signature": "S"},
        {"type": "reasoning.encrypted", "index": 1, "id": "r1", "data": "SEALED"},
    ]
    assert "SEALED" not in str(openai.body(Account("other", "openai", "http://y/v1"), MODEL, request))
    assert "SEALED" not in str(anthropic.body(MODEL, request))
    router = Account("r", "openai", "https://openrouter.ai/api/v1")
    (word,) = openai.body(router, replace(MODEL, id="acme/google/gemini-3-pro"), request)["messages"][0][
        "reasoning_details"
    ]
    assert (word["type"], word["id"]) == ("reasoning.encrypted", "t1")


def test_details_that_are_too_many_or_none_are_left_out() -> None:
    many = Details()
    many.take([{"type": "reasoning.text", "index": 0, "text": "x" * (LARGEST - 100)}])
    assert many.whole()
    many.take([{"type": "reasoning.text", "index": 0, "text": "x" * 100}])
    odd = Details()
    for given in (None, "text", [3, None], [{}]):
        odd.take(given)
    assert (many.whole(), odd.whole()) == ("", "")
    deep: list[Any] = []
    for _ in range(252):
        deep = [deep]
    for given in ({"text": "\ud800"}, {"id": deep}, {"data": deep}, {"data": [deep]}):
        unsayable = Details()
        unsayable.take([given])
        unsayable.take([{"text": "more"}])
        assert unsayable.whole() == ""
    mixed = Details()
    for text in (3, "a", None, "b"):
        mixed.take([{"text": text}])
    assert orjson.loads(mixed.whole()) == [{"text": "ab"}]


@pytest.mark.parametrize(
    "hostile",
    [
        [[{"index": number} for number in range(130_000)]],
        [[{"index": number}] for number in range(MOST + 1)],
        [[{str(number): 0 for number in range(200_000)}]],
        [[{"index": 0, "data": [{}] * 400_000}]],
        [[{"index": 0, "data": {str(turn): "x" * 1_000}}] for turn in range(1_100)],
        [[{"index": 0, "text": "\x00" * (LARGEST // 2)}]],
    ],
)
def test_details_take_no_more_memory_than_they_may_however_they_are_spread(hostile: list[Any]) -> None:
    details = Details()
    tracemalloc.start()
    try:
        for chunk in hostile:
            details.take(chunk)
        details.take([{"index": 0, "text": "more"}])
        assert details.whole() == ""
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_the_pieces_of_a_long_thought_are_copied_once_and_not_with_each_that_follows() -> None:
    details = Details()
    head = {"type": "reasoning.text", "index": 0, "format": "x"}
    details.take([{**head, "text": "x" * 900_000, "signature": None}])
    tracemalloc.start()
    try:
        for word in ("é\r\n", " look") * 5_000:
            details.take([{**head, "text": word}])
            tracemalloc.reset_peak()
        details.take([{**head, "text": "."}])
        held, peak = tracemalloc.get_traced_memory()
        assert peak - held < 100_000
    finally:
        tracemalloc.stop()
    (whole,) = orjson.loads(details.whole())
    assert whole == {**head, "text": "x" * 900_000 + "é\r\n look" * 5_000 + "."}


def thought_by(model: str, delta: dict[str, Any], call: dict[str, Any]) -> Request:
    """A conversation in which a model called a tool after what it thought."""
    answer = openai.Answer("acme", model)
    came = answer.take({"choices": [{"delta": delta}]})
    call = {"index": 0, "id": "t1", "function": {"name": "read", "arguments": "{}"}, **call}
    came += answer.take({"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]})
    came += answer.end(Request(f"acme/{model}", ()))
    said = [one for one in came if isinstance(one, Thinking | ToolCall)]
    if said[0] == Thinking("hm"):  # the signature comes behind the pieces of what it signs
        said[:2] = [replace(said[1], text="hm")]
    return Request("acme/m", (Message("assistant", tuple(said)),))


SIGNED = {"type": "reasoning.text", "text": "hm", "signature": "CLAUDE", "format": "anthropic-claude-v1", "index": 0}
WORD = {
    "type": "reasoning.encrypted",
    "data": "skip_thought_signature_validator",
    "format": "google-gemini-v1",
    "index": 0,
    "id": "t1",
}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("anthropic/claude-5:beta", [SIGNED]),
        ("anthropic/claude-5", None),
        ("openai/gpt-5", None),
        ("google/gemini-3-pro", [WORD]),
    ],
)
def test_details_of_what_one_model_thought_go_to_no_other_of_the_same_provider(
    asked: str, sent: list[dict[str, Any]] | None
) -> None:
    request = thought_by("anthropic/claude-5:beta", {"reasoning_details": [SIGNED]}, {})
    router = Account("acme", "openai", "https://openrouter.ai/api/v1")
    (message,) = openai.body(router, replace(MODEL, id=f"acme/{asked}"), request)["messages"]
    assert message.get("reasoning_details") == sent


def test_thoughts_and_the_signatures_of_calls_go_to_no_other_model_of_the_same_provider() -> None:
    signed = {"extra_content": {"google": {"thought_signature": "SIGNED"}}}
    request = thought_by("gemini-3-pro:x", {"reasoning_content": "hm"}, signed)
    seals = []
    for name in ("gemini-3-pro:x", "gemini-3-pro", "gemini-3-flash", "gemini-2.5-pro"):
        model = replace(MODEL, id=f"acme/{name}")
        (message,) = openai.body(Account("acme", "gemini"), model, request)["messages"]
        google = message["tool_calls"][0].get("extra_content", {}).get("google", {})
        seals.append((message.get("reasoning_content"), google.get("thought_signature")))
    word = WORD["data"]
    assert seals == [("hm", "SIGNED"), (None, word), (None, word), (None, None)]


@pytest.mark.parametrize("damaged", ["{", "", "3", '{"a": 1}'])
def test_details_that_are_damaged_are_none(damaged: str) -> None:
    said = (Thinking("", f"reasoning_details:acme/gemini-3-pro:{damaged}", redacted=True), ToolCall("t1", "read", {}))
    router = Account("acme", "openai", "https://openrouter.ai/api/v1")
    request = Request("acme/m", (Message("assistant", said),))
    (message,) = openai.body(router, replace(MODEL, id="acme/gemini-3-pro"), request)["messages"]
    assert message["reasoning_details"] == [WORD]


def test_gemini_gets_a_word_for_the_signature_of_a_call_that_another_model_made() -> None:
    calls = (ToolCall("a", "read", {}), ToolCall("b", "read", {}))
    request = Request("g/m", (Message("assistant", calls),))
    for name, signed in (("gemini-3-pro-preview", True), ("gemini-2.5-pro", False)):
        body = openai.body(Account("g", "gemini"), replace(MODEL, id=f"acme/{name}"), request)
        first, second = body["messages"][0]["tool_calls"]
        assert ("extra_content" in first, "extra_content" in second) == (signed, False)


@pytest.mark.parametrize("kind", ["gemini", "ollama", "openai"])
async def test_every_kind_that_speaks_openais_wire_is_asked_at_its_address(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        if asked.path.endswith("/models"):
            await asked.head(200, "application/json")
            await asked.send(orjson.dumps({"object": "list", "data": [{"id": "models/big-1"}, {"id": ""}, {"id": 7}]}))
            await asked.end()
        else:
            await openai_says(asked, "hi")

    async with provider(reply) as one:
        told = {"acme": {"kind": kind, "base_url": f"{one.url}/v1", "api_key": "k"}}
        async with house(tmp_path, one.url, ai_providers=told) as home:
            session = await home.sessions.open("ada")
            names = [model.id for model in await home.pool.models(session)]
            items = await home.ask(model="acme/big-1", max_output_tokens=9)
    assert texts(items) == "hi"
    assert names == ["acme/big-1", "demo/scripted"]
    assert [asked.path for asked in one.asked] == ["/v1/models", "/v1/chat/completions"]
    assert (one.asked[1].body["model"], one.asked[1].body["max_tokens"]) == ("big-1", 9)


def test_kinds_without_an_address_have_their_own() -> None:
    assert openai.placed(Account("g", "gemini")).base_url == "https://generativelanguage.googleapis.com/v1beta/openai/"
    assert openai.placed(Account("o", "ollama")).base_url == "http://127.0.0.1:11434/v1"
    assert openai.placed(Account("c", "openai")).base_url is None
    assert openai.placed(Account("m", "ollama", "http://gpu:1/v1")).base_url == "http://gpu:1/v1"


def test_options_are_named_as_each_wire_names_them_and_unknown_ones_are_refused() -> None:
    asked = openai_body(Request("acme/m", (), options={"effort": "low", "temperature": 0, "stop": ["x"]}))
    assert (asked["reasoning_effort"], asked["temperature"], asked["stop"]) == ("low", 0, ["x"])
    assert anthropic.body(MODEL, Request("acme/m", (), options={"stop": "x"}))["stop_sequences"] == ["x"]
    for body in (openai_body, lambda request: anthropic.body(MODEL, request)):
        with pytest.raises(InvalidValue, match=r"options\.warmth.*there are"):
            body(Request("acme/m", (), options={"warmth": 1}))
    assert openai_body(Request("acme/m", ()), base_url=None)["max_completion_tokens"] == 100
    assert openai_body(Request("acme/m", ()), "gemini", None)["max_tokens"] == 100


def marked(turns: int, changing: str) -> Request:
    """A conversation whose last message ends, behind a mark, with what is other each time."""
    asked = conversation(turns)
    users = [at for at, one in enumerate(asked.messages) if one.role == "user"][-2:]
    said = [
        replace(one, parts=(*one.parts, CacheMark())) if at in users else one for at, one in enumerate(asked.messages)
    ]
    return replace(asked, messages=(*said[:-1], replace(said[-1], parts=(*said[-1].parts, Text(changing)))))


@pytest.mark.parametrize("turns", [0, 1, 4])
def test_what_changes_stands_behind_the_callers_mark_and_spoils_no_cache(turns: int) -> None:
    now, then = anthropic.body(MODEL, marked(turns, "9:00")), anthropic.body(MODEL, marked(turns + 1, "9:01"))
    for body in (now, then):
        assert "cache_control" in body["tools"][-1]
        assert "cache_control" in body["system"][-1]
        assert "cache_control" not in body["messages"][-1]["content"][-1]
        assert orjson.dumps(body).count(b"cache_control") <= anthropic.MARKS
    cached = now["messages"][-1]["content"][:-1]
    again = then["messages"][len(now["messages"]) - 1]["content"]
    assert "cache_control" in cached[-1]
    assert cached == again


def test_marks_beyond_what_the_cache_takes_are_left_out_from_the_oldest_on() -> None:
    asked = conversation(5)
    said = tuple(replace(one, parts=(*one.parts, CacheMark())) for one in asked.messages)
    body = anthropic.body(MODEL, replace(asked, messages=said))
    held = [at for at, one in enumerate(body["messages"]) if "cache_control" in one["content"][-1]]
    assert held == [len(said) - 2, len(said) - 1]


def test_marks_are_nothing_to_the_other_wire() -> None:
    assert openai_body(marked(2, "9:00"))["messages"][:-1] == openai_body(conversation(2))["messages"][:-1]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_large_calls_are_read_and_counted_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    places = [(answers, "arguments_of"), (calling, "_as_json"), (models, "worst_of")]
    threads = watched(monkeypatch, places)
    given = orjson.dumps({"content": "x" * answers.LARGE_BYTES}).decode()

    async def calls(asked: Asked) -> None:
        await {"openai": openai_says, "anthropic": anthropic_says}[kind](asked, "look", calls=[("c", "read", given)])

    async with provider(calls) as acme, house(tmp_path, acme.url, kind) as one:
        call = next(item for item in await one.ask() if isinstance(item, ToolCall))
    assert len(call.arguments["content"]) == answers.LARGE_BYTES
    assert is_beside(threads, len(places))
