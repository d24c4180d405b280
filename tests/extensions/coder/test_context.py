"""A conversation that does not fit is condensed by its model, or cut: nothing is lost, and what holds is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import shim as vscode
from extensions.coder.access import Access
from extensions.coder.condensing import (
    COMMANDS,
    Asking,
    CannotCondense,
    Condensed,
    Folding,
    blocks,
    condense,
    files_used,
)
from extensions.coder.context import Budget, Fit, budget_of, fit, reduced, tokens_counted, tokens_now, truncated
from extensions.coder.history import Message, effective, restored
from extensions.coder.tokens import estimate, of_message, of_messages
from sessions.context import SessionContext
from tests.extensions.coder.conftest import lay
from tests.extensions.coder.test_sending import assistant, call, result, user

pytestmark = pytest.mark.anyio

WORKSPACE = vscode.Uri.file("/workspace")
OPEN = Access("/workspace", "secret.py")


class Writer:
    """An extension's model that answers with what a test wants, and keeps what it was asked."""

    def __init__(self, *said: str, fails: bool = False) -> None:
        self.said = said
        self.fails = fails
        self.asked: list[Any] = []
        self.tools: list[Any] = []

    def provide_language_model_chat_information(self, options: Any, token: Any) -> list[Any]:
        return [vscode.LanguageModelChatInformation("w", "Writer", "w", "1", 100_000, 30_000)]

    async def provide_language_model_chat_response(
        self, model: Any, messages: Any, options: Any, report: Any, token: Any
    ) -> None:
        self.asked, self.tools = messages, options["tools"]
        if self.fails:
            raise vscode.LanguageModelError("context window exceeded")
        for text in self.said:
            report(vscode.LanguageModelTextPart(text))

    def provide_token_count(self, model: Any, text: Any, token: Any) -> int:
        return 77


async def model_of(writer: Writer) -> vscode.LanguageModelChat:
    vscode.lm.register_language_model_chat_provider("acme", writer)
    (model,) = await vscode.lm.select_chat_models(vendor="acme")
    return model


TOOL = vscode.LanguageModelChatTool("read_file", "reads", {"type": "object"})


async def asking(writer: Writer) -> Asking:
    return Asking(await model_of(writer), ["you code"], [TOOL], "Sum it up.", "task-1")


def long_conversation(turns: int = 10, size: int = 2_000) -> list[Message]:
    messages = [user("Build a shop.\n\n" + COMMAND)]
    for turn in range(turns):
        messages.append(assistant(f"step {turn}", {**call(f"c{turn}"), "input": {"path": f"src/m{turn}.py"}}))
        messages.append(user(result(f"c{turn}", "x" * size)))
    return messages


COMMAND = '<command name="release">\nTag it.\n</command>'


# -- condensing


async def test_a_summary_takes_the_place_of_everything_and_nothing_is_deleted(ada: SessionContext) -> None:
    messages = long_conversation()
    writer = Writer("We build ", "a shop.")
    condensed = await condense(messages, await asking(writer), None, 5)
    assert len(condensed.messages) == len(messages) + 1
    assert effective(condensed.messages) == [condensed.summary]
    assert condensed.text == "We build a shop."
    assert {one["condenseParent"] for one in condensed.messages[:-1]} == {condensed.summary["condenseId"]}
    assert restored(condensed.messages[:-1]) == messages
    assert messages == long_conversation(), "what was given is as it was"


async def test_the_summary_is_asked_for_behind_the_same_beginning(ada: SessionContext) -> None:
    writer = Writer("short")
    request = await asking(writer)
    await condense(long_conversation(2), request, None, 5)
    last = [part.value for part in writer.asked[-1].content if isinstance(part, vscode.LanguageModelTextPart)]
    assert last == ["Sum it up."]
    assert [one.name for one in writer.tools] == ["read_file"]
    assert len(writer.asked) == 5
    as_sent = replace(request, beginning="the files", is_blind=True)
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
    await condense([user("see", picture), *long_conversation(2)[1:]], as_sent, None, 5)
    first = [part.value for part in writer.asked[0].content if isinstance(part, vscode.LanguageModelTextPart)]
    assert first == ["see", "(a picture, which this model does not see)", "the files"]


async def test_commands_outlive_one_summary_after_the_other(ada: SessionContext) -> None:
    request = await asking(Writer("short"))
    first = await condense(long_conversation(), request, None, 5)
    more = [*first.messages, assistant("on"), user("and " + "y" * 3_000), assistant("yes")]
    second = await condense(more, request, None, 6)
    for one in (first, second):
        text = "\n".join(part["text"] for part in one.summary["content"])
        assert text.count(COMMAND) == 1
        assert COMMANDS in text
    assert effective(second.messages) == [second.summary]


async def test_signatures_of_files_that_were_read_are_kept(ada: SessionContext) -> None:
    await lay({"src/m9.py": "class Cart:\n    x = 1\ndef total():\n    pass\n", "secret.py": "def key(): pass\n"})
    messages = [*long_conversation(), assistant({**call("s"), "input": {"path": "secret.py"}}), user(result("s"))]
    folding = Folding(WORKSPACE, OPEN)
    condensed = await condense(messages, await asking(Writer("short")), folding, 5)
    text = condensed.summary["content"][-1]["text"]
    assert "### src/m9.py\n\n```\n1-2 | class Cart:\n" in text
    assert "3-4 | def total():\n```" in text
    assert "key()" not in text


def test_files_are_told_by_their_calls_the_last_used_first() -> None:
    messages = long_conversation(3)
    messages.append(assistant({**call("e"), "name": "apply_diff", "input": {"path": "src/m0.py", "diff": ""}}))
    assert files_used(messages) == {"src/m0.py": True, "src/m2.py": False, "src/m1.py": False}
    patch = "*** Begin Patch\n*** Delete File: src/m1.py\n*** End Patch"
    messages.append(assistant({**call("p"), "name": "apply_patch", "input": {"patch": patch}}))
    messages.append(assistant({**call("q"), "name": "apply_patch", "input": {"patch": "nonsense"}}))
    assert next(iter(files_used(messages).items())) == ("src/m1.py", True)


@pytest.mark.parametrize(
    ("writer", "messages", "reason"),
    [
        (Writer(""), long_conversation(), "has no text"),
        (Writer(fails=True), long_conversation(), "context window exceeded"),
        (Writer("long " * 20_000), long_conversation(), "longer than what it stands for"),
        (Writer("short"), [user("hello")], "too little"),
    ],
)
async def test_without_a_good_summary_there_is_none(
    ada: SessionContext, writer: Writer, messages: list[Message], reason: str
) -> None:
    with pytest.raises(CannotCondense, match=reason):
        await condense(messages, await asking(writer), None, 5)


def test_blocks_of_commands_are_found_in_time_linear_in_the_text() -> None:
    assert list(blocks(f"a {COMMAND} b {COMMAND}")) == [COMMAND, COMMAND]
    assert list(blocks('<command name="a">\n' * 200_000)) == []
    assert list(blocks('<command name="a">\n</command>')) == ['<command name="a">\n</command>']


# -- fitting


def answers(summary: str) -> Callable[[list[Message]], Any]:
    async def condensed(messages: list[Message]) -> Condensed:
        told: Message = {"role": "user", "content": summary, "isSummary": True, "condenseId": "k"}
        return Condensed([{**one, "condenseParent": "k"} for one in messages] + [told], told, summary, 0.5, None)

    return condensed


async def refuses(messages: list[Message]) -> Condensed:
    raise CannotCondense("the model is away")


BUDGET = Budget(window=10_000, reserved=2_000)


async def fitted(messages: list[Message], budget: Budget, condense: Any = None) -> Fit:
    return await fit(messages, budget, of_messages(effective(messages)), condense)


async def test_what_fits_stays_as_it_is() -> None:
    messages = long_conversation(2)
    found = await fitted(messages, BUDGET, answers("s"))
    assert (found.messages, found.has_changed) == (messages, False)


async def test_what_does_not_fit_is_condensed() -> None:
    found = await fitted(long_conversation(20), BUDGET, answers("short"))
    assert found.condensed is not None
    assert found.cut is None
    assert found.after < BUDGET.allowed < found.before
    assert [one["content"] for one in found.sent] == ["short"]


async def test_the_users_threshold_comes_before_the_windows_end() -> None:
    early = Budget(10_000, 2_000, threshold=20)
    assert (await fitted(long_conversation(4), early, answers("s"))).condensed is not None
    assert not (await fitted(long_conversation(4), early, refuses)).has_changed, "there is room: it is tried later"
    assert not (
        await fitted(long_conversation(4), Budget(10_000, 2_000, 20, condenses=False), answers("s"))
    ).has_changed


async def test_where_there_is_no_summary_the_middle_is_hidden() -> None:
    messages = long_conversation(20)
    found = await fitted(messages, BUDGET, refuses)
    assert found.cut is not None
    assert (found.cut.reason, found.cut.hidden % 2) == ("the model is away", 0)
    assert found.after <= BUDGET.allowed
    assert found.sent[0] == messages[0]
    assert found.sent[1]["isTruncationMarker"]
    assert found.sent[2]["role"] == "assistant"
    assert found.sent[-1] == messages[-1]
    assert len(found.messages) == len(messages) + 1


async def test_a_summary_that_is_too_long_is_not_the_end() -> None:
    found = await fitted(long_conversation(20), Budget(1_000, 200), answers("s" * 9_000))
    assert found.condensed is not None
    assert found.cut is None, "there is nothing behind the summary that could be hidden"


async def test_what_a_provider_calls_too_long_shrinks_to_three_quarters_whatever_was_counted() -> None:
    messages = long_conversation(10)
    tokens = of_messages(messages)
    found = await reduced(messages, Budget(1_000_000, 8_000), 100, refuses)
    assert found.cut is not None
    assert of_messages(found.sent) <= tokens * 0.75
    again = await reduced(found.messages, Budget(1_000_000, 8_000), 100, refuses)
    assert of_messages(again.sent) <= of_messages(found.sent) * 0.75 + 100


def test_half_of_the_messages_behind_the_first_are_hidden_in_pairs() -> None:
    messages = [{**one, "ts": 10 * at} for at, one in enumerate(long_conversation(5))]
    again = truncated(messages)
    assert again is not None
    tagged, cut = again
    assert [at for at, one in enumerate(tagged) if one.get("truncationParent")] == [1, 2, 3, 4]
    assert (cut.hidden, tagged[5]["truncationId"], tagged[5]["ts"]) == (4, cut.truncation_id, 49)
    assert truncated(long_conversation(1)) is None


async def test_budgets_come_from_the_model_and_the_settings(ada: SessionContext) -> None:
    model = await model_of(Writer())
    assert budget_of(model) == Budget(100_000, 20_000, 100)
    assert budget_of(model).allowed == 70_000
    ada.settings.register_defaults({"coder.condense.threshold": 60})
    assert budget_of(model).threshold == 60
    for given, expected in ((30, 30), (-1, 60), (3, 60), ("x", 60)):
        ada.settings.register_defaults({"coder.modelOverrides": {"acme/w": {"condenseThreshold": given}}})
        assert budget_of(model).threshold == expected


# -- counting


@pytest.mark.parametrize(
    ("text", "least"), [("", 0), ("word " * 100, 100), ("def f(x): return x\n" * 50, 250), ("語" * 99, 80)]
)
def test_an_estimate_is_rather_too_much_than_too_little(text: str, least: int) -> None:
    assert least <= estimate(text) <= 4 * least + 1


def test_what_a_provider_counted_stands_before_estimates() -> None:
    messages = long_conversation(3)
    assert tokens_now(messages, prompt=500) == 500 + of_messages(messages)
    assert tokens_now(messages, known=9_000, since=len(messages) - 1) == 9_000 + of_message(messages[-1])


async def test_a_model_is_asked_only_where_the_estimate_comes_near(ada: SessionContext) -> None:
    model = await model_of(Writer())
    messages = long_conversation(10)
    assert await tokens_counted(messages, model, Budget(100_000, 20_000), prompt=5) == 5 + of_messages(messages)
    assert await tokens_counted(messages, model, Budget(9_000, 1_000), prompt=5) == 5 + 77 * len(messages)
