"""What a model is sent: calls with their results, marks for caches, and what is true only now behind them."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

import shim as vscode
from extensions.coder.history import DEFERRED
from extensions.coder.sending import MARK, sent, whole

PIXEL = base64.b64encode(b"png").decode()


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": [text(one) if isinstance(one, str) else one for one in parts]}


def assistant(*parts: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": [text(one) if isinstance(one, str) else one for one in parts]}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def call(id: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "read_file", "input": {"path": "a"}}


def result(id: str, content: Any = "found") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content}


def shown(messages: list[vscode.LanguageModelChatMessage]) -> list[list[Any]]:
    """Each message as the texts and kinds of its parts."""
    return [[_shown(part) for part in one.content] for one in messages]


def _shown(part: Any) -> Any:
    match part:
        case vscode.LanguageModelTextPart():
            return part.value
        case vscode.LanguageModelToolCallPart():
            return ("call", part.call_id)
        case vscode.LanguageModelToolResultPart():
            return ("result", part.call_id, *[_shown(one) for one in part.content])
        case vscode.LanguageModelThinkingPart():
            return ("thinking", part.value, part.id, part.redacted)
        case _:
            return "MARK" if part == MARK else (part.mime_type, bytes(part.data))


def test_the_environment_stands_behind_the_last_mark() -> None:
    messages = [user("do"), assistant("yes", call("1")), user(result("1")), assistant("more"), user("go on")]
    assert shown(sent(messages, "now"))[-3:] == [[("result", "1", "found"), "MARK"], ["more"], ["go on", "MARK", "now"]]
    assert "MARK" not in shown(sent(messages, "now"))[0]


def test_the_next_request_begins_as_this_one_did() -> None:
    now = [user("do"), assistant("yes", call("1")), user(result("1"))]
    then = [*now, assistant("done"), user("thanks")]
    first = [part for one in shown(sent(now, "9:00")) for part in one if part not in ("MARK", "9:00")]
    second = [part for one in shown(sent(then, "9:01")) for part in one if part not in ("MARK", "9:01")]
    assert second[: len(first)] == first


def test_what_the_task_began_with_stands_behind_the_first_message_each_time() -> None:
    assert shown(sent([user("do")], "now", "files")) == [["do", "files", "MARK", "now"]]
    messages = [user("do"), assistant("yes", call("1")), user(result("1"))]
    assert shown(sent(messages, "now", "files"))[0] == ["do", "files", "MARK"]
    assert shown(sent([assistant("yes")], "", "files")) == [["yes"]]


def test_an_environment_finds_a_place_where_the_user_said_nothing() -> None:
    assert shown(sent([], "now")) == [["now"]]
    assert shown(sent([user("do"), assistant("yes")], "now"))[-1] == ["now"]


def test_every_kind_of_part_gets_through() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "d"}
    messages = [user("see", image), assistant(thought, hidden, call("1")), user(result("1", [text("a"), image]))]
    assert shown(sent(messages)) == [
        ["see", ("image/png", b"png"), "MARK"],
        [("thinking", "hm", "s", False), ("thinking", "", "d", True), ("call", "1")],
        [("result", "1", "a", ("image/png", b"png")), "MARK"],
    ]


def test_texts_of_blanks_alone_are_not_sent_as_providers_refuse_them() -> None:
    messages = [user("do", " \n"), assistant(call("1")), user(result("1", "\n"), result("1"))]
    assert shown(sent(messages)) == [["do", "MARK"], [("call", "1")], [("result", "1", "(no text)"), "MARK"]]


def test_an_image_that_is_none_spoils_nothing() -> None:
    image = {"type": "image", "source": {"media_type": "image/png", "data": "x"}}
    assert shown(sent([user(image)])) == [["(an image that cannot be read)", "MARK"]]


def test_messages_of_one_role_become_one_with_results_first() -> None:
    messages = [assistant(call("1"), call("2")), user("wait"), user(result("2"), result("1"))]
    assert shown(sent(messages))[1] == [("result", "2", "found"), ("result", "1", "found"), "wait", "MARK"]


def test_a_call_without_an_answer_gets_one_and_an_answer_without_a_call_goes() -> None:
    messages = [user("do", result("0")), assistant(call("1")), user("stop"), assistant(call("2"))]
    assert shown(sent(messages)) == [
        ["do"],
        [("call", "1")],
        [("result", "1", DEFERRED), "stop", "MARK"],
        [("call", "2")],
        [("result", "2", DEFERRED), "MARK"],
    ]


def test_a_call_or_an_answer_that_is_there_twice_is_sent_once() -> None:
    messages = [
        user("do"),
        assistant(call("1"), call("1"), call("2")),
        user(result("1", "first"), "well", result("1", "again"), result("2")),
        user(result("2", "late")),
    ]
    assert shown(sent(messages))[1:] == [
        [("call", "1"), ("call", "2")],
        [("result", "1", "first"), ("result", "2", "found"), "well", "MARK"],
    ]


turns = some.lists(
    some.one_of(
        some.tuples(some.just("assistant"), some.integers(0, 3)),
        some.tuples(some.just("user"), some.lists(some.integers(0, 4), max_size=4)),
    ),
    max_size=8,
)
"""Turns: how many calls the assistant makes, and which of the last five calls the user's message answers."""


@given(turns)
def test_whatever_was_kept_calls_and_answers_come_in_pairs(given_turns: list[tuple[str, Any]]) -> None:
    messages: list[dict[str, Any]] = []
    made: list[str] = []
    for role, what in given_turns:
        if role == "assistant":
            new = [f"c{len(made) + at}" for at in range(what)]
            made += new
            messages.append(assistant("said", *map(call, new)))
        else:
            messages.append(user("told", *(result(made[-1 - at]) for at in what if at < len(made))))
    open_: list[str] = []
    for one in sent(messages):
        answers = [part.call_id for part in one.content if isinstance(part, vscode.LanguageModelToolResultPart)]
        if one.role is vscode.LanguageModelChatMessageRole.USER:
            assert sorted(answers) == sorted(open_)
            open_ = []
        else:
            assert not open_
            open_ = [part.call_id for part in one.content if isinstance(part, vscode.LanguageModelToolCallPart)]
    assert not open_
    assert whole(whole(messages)) == whole(messages)
