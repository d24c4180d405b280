"""OpenAI's own client works against `/v1`: each user has their own models, budget and costs, and reads our refusals."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from host import openai_chat
from host.app import Host
from host.openai_chat import Answer, Chat, request_of
from sessions.errors import InvalidValue
from sessions.models import Finished, Image, Message, Text, Thinking, ToolCall, ToolResult, Usage
from tests.host.fakes import Asked, openai_says
from tests.host.test_models_whole import COST, house
from tests.hosted import hosted
from tests.sessions.stores import eventually
from tests.tokens import token

pytestmark = pytest.mark.anyio

ASK: dict[str, Any] = {"model": "demo/scripted", "messages": [{"role": "user", "content": "hello"}]}
READ = {"type": "function", "function": {"name": "list_files", "parameters": {"type": "object"}}}
RUN = {"type": "function", "function": {"name": "execute_command", "description": "Run it", "parameters": {}}}
ACME = ASK | {"model": "acme/m"}


@pytest.fixture(scope="module")
def openai() -> Any:
    """OpenAI's package, loaded before any loop runs."""
    return pytest.importorskip("openai")


def sdk(openai: Any, host: Host, uid: str) -> Any:
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=host))
    return openai.AsyncOpenAI(api_key=token(uid), base_url="http://127.0.0.1/v1", http_client=http)


async def test_openais_client_lists_models_asks_and_streams(tmp_path: Path, openai: Any) -> None:
    async with hosted(tmp_path) as (host, _), sdk(openai, host, "alice") as client:
        (model,) = [one async for one in client.models.list()]
        assert (model.id, model.owned_by) == ("demo/scripted", "demo")
        assert (await client.models.retrieve("demo/scripted")).id == "demo/scripted"
        whole = await client.chat.completions.create(**ASK)
        text = whole.choices[0].message.content
        assert "I play a script" in text
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage.completion_tokens == len(text.split())
        assert whole.usage.cost == 0
        stream = await client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == text
        assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == [None, "stop"]
        assert chunks[-1].usage == whole.usage
        assert len({chunk.id for chunk in chunks}) == 1
        short = await client.chat.completions.create(**ASK | {"model": "scripted"}, max_completion_tokens=3)
        assert (short.choices[0].finish_reason, short.usage.completion_tokens) == ("length", 3)


async def test_tools_go_to_and_fro(tmp_path: Path, openai: Any) -> None:
    async with hosted(tmp_path) as (host, _), sdk(openai, host, "alice") as client:
        ask = {"model": "demo/scripted", "messages": [{"role": "user", "content": "fix it"}], "tools": [READ, RUN]}
        whole = await client.chat.completions.create(**ask)
        (call,) = whole.choices[0].message.tool_calls
        assert whole.choices[0].finish_reason == "tool_calls"
        assert (call.function.name, json.loads(call.function.arguments)["path"]) == ("list_files", "demo")
        stream = await client.chat.completions.create(**ask, stream=True)
        deltas = [delta async for chunk in stream for delta in chunk.choices[0].delta.tool_calls or []]
        assert [(one.index, one.function.name) for one in deltas] == [(0, "list_files")]
        answered = [
            *ask["messages"],
            whole.choices[0].message.model_dump(),
            {"role": "tool", "tool_call_id": call.id, "content": "basket.py"},
        ]
        then = await client.chat.completions.create(**ask | {"messages": answered})
        assert then.choices[0].message.tool_calls[0].function.name == "execute_command"


async def test_openais_client_reads_that_a_budget_is_used_up_and_does_not_ask_again(
    tmp_path: Path, openai: Any
) -> None:
    async with house(tmp_path, budgets={"day": 0.5}) as (host, user, acme), sdk(openai, host, "alice") as client:
        whole = await client.chat.completions.create(**ACME, max_completion_tokens=20)
        assert whole.usage.cost == pytest.approx(COST)
        for stream in (False, True):
            with pytest.raises(openai.RateLimitError) as refusal:
                await client.chat.completions.create(**ACME, max_completion_tokens=50, stream=stream)
            assert refusal.value.code == "insufficient_quota"
            assert refusal.value.body["quota"] == "budgets.day"
            assert refusal.value.body["used"] == pytest.approx(COST)
        assert host.ledger.counts.refused["budgets.day"] == 2
        assert len(acme.asked) == 1
        assert (await user("bob").get("/api/v1/usage")).json()["calls"] == 0


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"model": "gpt-none"}, 404, None),
        ({"messages": []}, 400, "messages"),
        ({"n": 2}, 400, "n"),
        ({"logprobs": True}, 400, "logprobs"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format.type"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, None),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages.0.tool_call_id"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "messages"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, 400, "tool_choice"),
        ({"max_tokens": 0}, 400, "max_tokens"),
    ],
)
async def test_a_wrong_question_is_refused_as_openai_would_say_it(
    tmp_path: Path, openai: Any, change: dict[str, Any], status: int, param: str | None
) -> None:
    async with hosted(tmp_path) as (_, user):
        answer = await user("alice").post("/v1/chat/completions", json=ASK | change)
        error = answer.json()["error"]
        assert answer.status_code == status
        assert error["type"] == "invalid_request_error"
        assert param is None or error["param"] == param
        assert len(error["message"]) > 10


@pytest.mark.parametrize("name", ["a%0Ab", "%0A", "demo%2Fscripted%0A", "a/%E2%80%A8/b"])
async def test_a_name_with_line_breaks_is_no_model_and_no_other_path(tmp_path: Path, name: str) -> None:
    async with hosted(tmp_path) as (_, user):
        answer = await user("alice").get(f"/v1/models/{name}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_who_is_nobody_gets_openais_401(tmp_path: Path, openai: Any) -> None:
    async with hosted(tmp_path) as (host, _):
        http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=host))
        client = openai.AsyncOpenAI(api_key="sk-wrong", base_url="http://127.0.0.1/v1", http_client=http)
        with pytest.raises(openai.AuthenticationError) as refusal:
            await client.models.list()
        assert "sk-wrong" not in str(refusal.value)
        await client.close()


async def test_a_stream_that_breaks_off_says_so_inside_of_it(tmp_path: Path, openai: Any) -> None:
    async def breaks(asked: Asked) -> None:
        await openai_says(asked, "Hel", end=False)

    async with house(tmp_path, breaks) as (host, user, _), sdk(openai, host, "alice") as client:
        stream = await client.chat.completions.create(**ACME, stream=True)
        with pytest.raises(openai.APIError, match="broke off"):
            async for _ in stream:
                pass
        answer = await user("alice").post("/v1/chat/completions", json=ACME | {"stream": True})
        assert "Hel" in answer.text
        assert "[DONE]" not in answer.text
        assert (await user("alice").post("/v1/chat/completions", json=ACME)).status_code == 502


async def test_a_client_that_goes_away_ends_the_call_and_frees_its_connection(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def hangs(asked: Asked) -> None:
        await asked.head()
        begun.set()
        while True:  # until nobody reads it any more
            await asked.send(b": still here\n\n")
            await asyncio.sleep(0.01)

    async with house(tmp_path, hangs) as (host, user, acme):
        for stream in (False, True):
            body = json.dumps(ACME | {"stream": stream}).encode()
            gone = asyncio.Event()
            sent: list[Any] = []

            async def receive(said: list[bytes] = [body], gone: asyncio.Event = gone) -> dict[str, Any]:  # noqa: B006
                if said:
                    return {"type": "http.request", "body": said.pop(), "more_body": False}
                await gone.wait()
                return {"type": "http.disconnect"}

            async def send(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/v1/chat/completions",
                "query_string": b"",
                "headers": [
                    (b"host", b"127.0.0.1"),
                    (b"content-type", b"application/json"),
                    (b"authorization", f"Bearer {token('alice')}".encode()),
                ],
                "scheme": "http",
                "server": ("127.0.0.1", 80),
                "client": ("127.0.0.1", 9),
                "root_path": "",
                "asgi": {"spec_version": "2.3"},
                "http_version": "1.1",
            }
            async with asyncio.TaskGroup() as group:
                group.create_task(host(scope, receive, send))
                await begun.wait()
                begun.clear()
                gone.set()
            await eventually(lambda: acme.open == 0 and len(host.ledger) == 0)
        assert len(acme.asked) == 2
        assert (await user("alice").get("/api/v1/usage")).json()["calls"] == 2


def said(*messages: dict[str, Any], **more: Any) -> Chat:
    return Chat.model_validate({"model": "m", "messages": list(messages), **more})


def test_a_conversation_becomes_ours_whole() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    url = "data:image/png;base64," + base64.b64encode(b"png").decode()
    seen = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}}]
    request = request_of(
        said(
            {"role": "system", "content": "be"},
            {"role": "user", "content": seen},
            {"role": "assistant", "content": None, "tool_calls": [call, call | {"id": "c2"}], "refusal": None},
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {"role": "tool", "tool_call_id": "c2", "content": ""},
            {"role": "user", "content": "go on"},
            tools=[RUN],
            tool_choice="required",
            temperature=0.5,
            stop=["x"],
            max_tokens=7,
        ),
        "p/m",
    )
    assert request.system == (Text("be"),)
    assert request.messages == (
        Message("user", (Text("see"), Image("image/png", b"png"))),
        Message("assistant", (ToolCall("c1", "f", {"a": 1}), ToolCall("c2", "f", {"a": 1}))),
        Message("user", (ToolResult("c1", (Text("one"),)), ToolResult("c2", ()))),
        Message("user", (Text("go on"),)),
    )
    assert (request.tool_choice, request.max_output_tokens) == ("required", 7)
    assert request.options == {"temperature": 0.5, "stop": ["x"]}


def test_what_a_model_thought_and_signed_comes_out_and_goes_back_in() -> None:
    items = (
        Thinking("hm"),
        Thinking("", "reasoning_content:p/m%3Afree"),
        Thinking("", "thought_signature:p/m%3Afree:S:1", redacted=True),
        ToolCall("a", "f", {}),
        ToolCall("b", "f", {}),
        Finished("tool_calls", Usage()),
    )
    told = Answer("1", "p/m").whole(items)["choices"][0]["message"]
    chunks = Answer("1", "p/m")
    deltas = [one["choices"][0]["delta"] for item in items if (one := chunks.chunk(item)) is not None]
    assert told["tool_calls"] == [
        {name: value for name, value in call.items() if name != "index"}
        for delta in deltas
        for call in delta.get("tool_calls", ())
    ]
    assert told["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "S:1"}}
    assert "extra_content" not in told["tool_calls"][1]
    (message,) = request_of(said(told), "p/m:free").messages
    assert message.parts == (Thinking("hm", "reasoning_content:p/m%3Afree"), items[2], *items[3:5])
    odd = {"role": "assistant", "reasoning_content": 3, "tool_calls": [told["tool_calls"][1] | {"extra_content": []}]}
    assert request_of(said(odd), "p/m:free").messages == (Message("assistant", (items[4],)),)


@pytest.mark.parametrize(
    "url", ["https://example.org/a.png", "data:image/png;base64,%%%", "data:text/html;base64,AAAA"]
)
def test_an_image_is_never_fetched(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"messages.0.content"):
        request_of(said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}), "m")


@pytest.mark.parametrize("arguments", ["[1]", "{", "3"])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    with pytest.raises(InvalidValue, match="JSON object"):
        request_of(said({"role": "assistant", "tool_calls": [call]}), "m")


def test_arguments_of_a_hundred_thousand_values_and_more_are_refused_however_short() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": [%s1]}' % ("1," * 200_000)}}
    with pytest.raises(InvalidValue, match=r"messages\.0\.tool_calls: the arguments of a call have more than 100,000"):
        request_of(said({"role": "assistant", "tool_calls": [call]}), "m")


def test_a_picture_of_megabytes_is_read_whole() -> None:
    content = bytes(range(256)) * 4_096
    url = "data:image/png;base64," + base64.b64encode(content).decode()
    asked = said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    assert request_of(asked, "m").messages == (Message("user", (Image("image/png", content),)),)


async def test_a_conversation_is_read_beside_the_loop_and_a_run_of_results_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def message(*arguments: Any) -> Message:
        made.append(threading.get_ident())
        return Message(*arguments)

    monkeypatch.setattr(openai_chat, "Message", message)
    results = [{"role": "tool", "tool_call_id": "c", "content": "x"}] * 500
    asked = ASK | {"messages": [*ASK["messages"], {"role": "system", "content": "be"}, *results, *ASK["messages"]]}
    async with hosted(tmp_path) as (_, user):
        assert (await user("alice").post("/v1/chat/completions", json=asked)).status_code == 200
    assert len(made) == 3
    assert threading.get_ident() not in made
