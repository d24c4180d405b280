"""The provider of the benchmarks speaks as OpenAI's does: what the SDK reads of it is what it was to say."""

from __future__ import annotations

import json

import httpx2
import pytest
from openai import AsyncOpenAI

from benchmarks import provider

pytestmark = pytest.mark.anyio


async def test_it_says_what_it_was_told_as_often_as_its_model_is_named() -> None:
    with provider.running("chunks") as server:
        async with httpx2.AsyncClient(trust_env=False) as http:
            sdk = AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.port}/v1", http_client=http)
            said = [{"role": "user", "content": [{"type": "text", "text": "word"}]}]
            async with await sdk.chat.completions.create(model="7-0", messages=said, stream=True) as stream:  # type: ignore[call-overload]
                words = [one.choices[0].delta.content async for one in stream]
        assert words == ["word"] * 7 + [None]
        assert await provider.told(server.port) == {"connections": 1, "asked": []}


async def test_it_plays_the_step_that_a_conversation_has_come_to_and_keeps_the_first_users_requests() -> None:
    plan = {"STEPS": json.dumps([["read_file", {"path": "a"}], ["attempt_completion", {}]]), "THINKS_MS": "0"}
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Mend that of user00."}]}
    with provider.running("steps", **plan) as server:
        async with httpx2.AsyncClient(trust_env=False) as http:
            sdk = AsyncOpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.port}/v1", http_client=http)
            async with await sdk.chat.completions.create(**asked) as stream:  # type: ignore[call-overload]
                calls = [call async for one in stream for part in one.choices for call in part.delta.tool_calls or ()]
        assert [call.function.name for call in calls if call.function.name] == ["read_file"]
        assert "".join(call.function.arguments for call in calls) == '{"path": "a"}'
        assert (await provider.told(server.port))["asked"] == [asked]
