"""`vscode.lm`: models of the host and of extensions, and tools, each for its own user."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from host.config import Config
from host.ledger import Ledger
from host.models import Pool
from host.totals import NAME
from sessions import models
from sessions.context import SessionContext
from sessions.current import current_extension
from sessions.errors import InvalidValue, LanguageModelError
from sessions.manager import SessionManager
from shim import lm
from shim.chat_models import AHEAD
from tests.sessions.stores import databases, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(tmp_path: Path, sessions: SessionManager) -> AsyncIterator[Pool]:
    """The pool of a host without keys."""
    async with databases(tmp_path / "host") as books:
        config = Config.model_validate({"data": str(tmp_path)})
        made = Pool(config, Ledger(config, books.store(NAME), lambda uid: books.store(uid)))
        yield made
        await sessions.close_all()
        await made.close()


@pytest.fixture
async def anna(pool: Pool, ada: SessionContext) -> SessionContext:
    """Ada, with models."""
    ada.models = pool
    return ada


async def test_without_a_key_there_is_the_scripted_model_and_it_answers(anna: SessionContext) -> None:
    with anna.entered("acme.hello"):
        (model,) = await lm.select_chat_models()
        assert (model.vendor, model.id) == ("demo", "demo/scripted")
        response = await model.send_request([vscode.LanguageModelChatMessage.user("hello")])
        parts = [part async for part in response.stream]
        said = "".join([text async for text in response.text])
    assert said
    assert said == "".join(part.value for part in parts if isinstance(part, vscode.LanguageModelTextPart))
    end = parts[-1]
    assert isinstance(end, vscode.LanguageModelUsagePart)
    assert end.cost == 0
    assert end.output > 0


async def test_models_are_chosen_by_all_that_is_named(anna: SessionContext) -> None:
    with anna.entered():
        assert [one.id for one in await lm.select_chat_models(vendor="demo", family="demo")] == ["demo/scripted"]
        assert await lm.select_chat_models(vendor="demo", family="gpt") == []


async def test_tokens_are_counted(anna: SessionContext) -> None:
    with anna.entered():
        (model,) = await lm.select_chat_models()
        assert await model.count_tokens("a" * 400) == 100
        assert await model.count_tokens(vscode.LanguageModelChatMessage.user("a" * 400)) > 100


async def test_an_answer_that_is_not_wanted_any_more_ends(anna: SessionContext) -> None:
    source = vscode.CancellationTokenSource()
    with anna.entered():
        (model,) = await lm.select_chat_models()
        response = await model.send_request([vscode.LanguageModelChatMessage.user("hello")], token=source.token)
        with pytest.raises(vscode.CancellationError):
            async for _ in response.stream:
                source.cancel()


class Parrot:
    """An extension's model."""

    def provide_language_model_chat_information(self, options: Any, token: Any) -> list[Any]:
        return [vscode.LanguageModelChatInformation("p", "Parrot", "bird", "1", 1_000, 1_000)]

    async def provide_language_model_chat_response(
        self, model: Any, messages: Any, options: Any, report: Any, token: Any
    ) -> None:
        for part in messages[-1].content:
            report(vscode.LanguageModelTextPart(part.value.upper()))

    def provide_token_count(self, model: Any, text: Any, token: Any) -> int:
        return 7


async def test_an_extension_provides_models_to_its_user_alone(anna: SessionContext, ben: SessionContext) -> None:
    heard: list[None] = []
    with anna.entered("acme.parrot"):
        lm.on_did_change_chat_models(heard.append)
        undo = lm.register_language_model_chat_provider("bird", Parrot())
        (model,) = await lm.select_chat_models(vendor="bird")
        response = await model.send_request([vscode.LanguageModelChatMessage.user("polly")])
        assert "".join([text async for text in response.text]) == "POLLY"
        assert await model.count_tokens("x") == 7
        with pytest.raises(InvalidValue, match="taken"):
            lm.register_language_model_chat_provider("bird", Parrot())
    with ben.entered("acme.parrot"):
        assert await lm.select_chat_models(vendor="bird") == []
    with anna.entered("acme.parrot"):
        undo.dispose()
        assert await lm.select_chat_models(vendor="bird") == []
    assert len(heard) == 2


async def test_a_provider_that_is_behind_when_its_answer_is_given_up_is_told_and_ends(
    anna: SessionContext, ben: SessionContext
) -> None:
    told: list[str] = []

    class Talker(Parrot):
        async def provide_language_model_chat_response(
            self, model: Any, messages: Any, options: Any, report: Any, token: Any
        ) -> None:
            token.on_cancellation_requested(lambda _: told.append("token"))
            try:
                for number in range(2 * AHEAD):
                    await asyncio.sleep(0)
                    report(vscode.LanguageModelTextPart(str(number)))
                told.append("all reported")
                await asyncio.Event().wait()
            finally:
                told.append("ended")

    with anna.entered("acme.parrot"):
        lm.register_language_model_chat_provider("bird", Talker())
        (model,) = await lm.select_chat_models(vendor="bird")
        response = await model.send_request([vscode.LanguageModelChatMessage.user("talk")])
        await eventually(lambda: told)
        response.cancel()
        await eventually(lambda: "ended" in told)
        await eventually(lambda: not anna.busy)
    assert told == ["all reported", "token", "ended"]


async def test_what_one_extension_offers_runs_as_that_extension_whoever_calls_it(anna: SessionContext) -> None:
    runs_as: list[str | None] = []

    class Seer(Parrot):
        def provide_token_count(self, model: Any, text: Any, token: Any) -> int:
            runs_as.append(current_extension())
            return 1

        async def invoke(self, options: Any, token: Any) -> Any:
            runs_as.append(current_extension())
            return vscode.LanguageModelToolResult([])

    with anna.entered("acme.seer"):
        lm.register_language_model_chat_provider("seer", Seer())
        lm.register_tool("see", Seer())
    with anna.entered("acme.other"):
        (model,) = await lm.select_chat_models(vendor="seer")
        await model.count_tokens("x")
        await lm.invoke_tool("see", {})
        assert current_extension() == "acme.other"
    assert runs_as == ["acme.seer", "acme.seer"]


async def test_what_an_extension_that_ended_disposes_of_late_takes_nothing_of_who_came_after(
    anna: SessionContext,
) -> None:
    with anna.entered("acme.first"):
        late = [lm.register_language_model_chat_provider("bird", Parrot()), lm.register_tool("add", Adder())]
    heard: list[None] = []
    with anna.entered("acme.second"):
        lm.on_did_change_chat_models(heard.append)
        anna.forget_extension("acme.first")
        assert heard == [None]
        lm.register_language_model_chat_provider("bird", Parrot())
        lm.register_tool("add", Adder())
        for one in late:
            one.dispose()
        assert len(await lm.select_chat_models(vendor="bird")) == len(lm.tools) == 1


class Adder:
    """A tool."""

    async def invoke(self, options: Any, token: Any) -> Any:
        return vscode.LanguageModelToolResult([vscode.LanguageModelTextPart(str(sum(options["input"]["numbers"])))])


async def test_tools_are_called_by_name_and_are_their_users_alone(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered("acme.math"):
        undo = lm.register_tool("add", Adder(), description="adds", input_schema={"type": "object"})
        assert [one.name for one in lm.tools] == ["add"]
        result = await lm.invoke_tool("add", {"numbers": [1, 2]})
        assert [part.value for part in result.content] == ["3"]
    with ben.entered(), pytest.raises(LanguageModelError, match="no tool 'add'"):
        await lm.invoke_tool("add", {"numbers": []})
    with ada.entered():
        undo.dispose()
        assert lm.tools == ()


async def test_a_tool_is_not_called_with_what_its_schema_does_not_allow(ada: SessionContext) -> None:
    called: list[object] = []

    class Tool:
        async def invoke(self, options: Any, token: Any) -> Any:
            called.append(options["input"])
            return vscode.LanguageModelToolResult([])

    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    with ada.entered("acme.math"):
        lm.register_tool("count", Tool(), input_schema=schema)
        for wrong, told in (({}, "input.n: must be given"), ({"n": "1"}, "input.n: must be of type integer")):
            with pytest.raises(InvalidValue) as error:
                await lm.invoke_tool("count", wrong)
            assert str(error.value) == f"{told}, as the tool 'count' has it"
        await lm.invoke_tool("count", {"n": 1})
    assert called == [{"n": 1}]


def test_a_mark_for_the_cache_is_a_data_part_as_in_copilots_extensions() -> None:
    mark = vscode.LanguageModelDataPart(b"ephemeral", lm.CACHE_MARK)
    sent = lm.message_of(vscode.LanguageModelChatMessage.user([vscode.LanguageModelTextPart("x"), mark]))
    assert sent.parts == (models.Text("x"), models.CacheMark())
