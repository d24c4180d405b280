"""Asking a model over the socket: a real host without keys, whose scripted model answers."""

from __future__ import annotations

import pytest

from tests.client import Refused, connect

pytestmark = pytest.mark.anyio


async def test_a_client_asks_a_model_and_sees_the_answer_grow(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        (model,) = await client.call("lm.selectChatModels", vendor="demo")
        assert model["id"] == "demo/scripted"
        assert model["price"] == {"input": 0.0, "output": 0.0, "cacheRead": 0.0, "cacheWrite": 0.0}
        messages = [{"role": "user", "content": "hello"}]
        answer = await client.call("lm.sendRequest", model=model["id"], messages=messages, progressToken="p")
        told = [one["params"] for one in client.heard if one.get("method") == "$/progress"]
    assert {one["token"] for one in told} == {"p"}
    assert "".join(one["value"]["text"] for one in told if one["value"]["type"] == "text") == answer["text"] != ""
    assert told[-1]["value"]["type"] == "usage"
    assert answer["usage"]["outputTokens"] > 0
    assert answer["cost"] == 0


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"model": "demo/scripted", "messages": []}, "messages"),
        ({"model": "demo/scripted", "messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
        ({"model": "demo/scripted", "messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages[0].content"),
        ({"model": "demo/scripted", "messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        (
            {"model": "demo/scripted", "messages": [{"role": "user", "content": "x"}], "options": {"tools": 7}},
            "options.tools",
        ),
    ],
)
async def test_what_makes_no_sense_is_named(base: str, alice: str, params: dict[str, object], told: str) -> None:
    async with connect(base, alice) as client:
        with pytest.raises(Refused) as error:
            await client.call("lm.sendRequest", **params)
    assert error.value.code == -32602
    assert told in error.value.message


async def test_a_model_that_is_not_there_is_named(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        with pytest.raises(Refused, match="you have no model 'acme/x'"):
            await client.call("lm.sendRequest", model="acme/x", messages=[{"role": "user", "content": "x"}])
