"""Messages to models and parts of chats."""

from __future__ import annotations

import pytest

from sessions.errors import InvalidValue, LanguageModelError, RoostError
from shim.enums import LanguageModelChatMessageRole
from shim.markdown import MarkdownString
from shim.messages import (
    ChatResponseMarkdownPart,
    LanguageModelChatMessage,
    LanguageModelDataPart,
    LanguageModelTextPart,
    LanguageModelToolCallPart,
    McpStdioServerDefinition,
)


def test_a_message_of_a_text_has_one_text_part() -> None:
    asked = LanguageModelChatMessage.user("hello", "me")
    assert (asked.role, asked.name) == (LanguageModelChatMessageRole.USER, "me")
    assert [part.to_json() for part in asked.content] == [{"value": "hello"}]
    asked.content = "again"
    assert isinstance(asked.content[0], LanguageModelTextPart) and asked.content[0].value == "again"


def test_a_message_keeps_its_parts() -> None:
    call = LanguageModelToolCallPart("1", "read", {"path": "/a"})
    answer = LanguageModelChatMessage.assistant([LanguageModelTextPart("see"), call])
    assert (answer.role, answer.content[1]) == (LanguageModelChatMessageRole.ASSISTANT, call)
    assert call.to_json() == {"callId": "1", "name": "read", "input": {"path": "/a"}}


def test_data_is_bytes_of_a_type() -> None:
    assert (LanguageModelDataPart.json({"a": "ä"}).data, LanguageModelDataPart.json(1).mime_type) == (
        b'{\n\t"a": "\xc3\xa4"\n}',
        "text/x-json",
    )
    assert (LanguageModelDataPart.text("ä").data, LanguageModelDataPart.image(b"x", "image/png").mime_type) == (
        b"\xc3\xa4",
        "image/png",
    )


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (LanguageModelError.no_permissions("not yours"), "NoPermissions", "not yours"),
        (LanguageModelError.blocked(), "Blocked", "Blocked"),
        (LanguageModelError.not_found("gone"), "NotFound", "gone"),
        (LanguageModelError("oh no"), "Unknown", "oh no"),
    ],
)
def test_a_models_error_says_why(error: LanguageModelError, code: str, text: str) -> None:
    assert (error.code, str(error), isinstance(error, RoostError)) == (code, text, True)


def test_an_answer_may_not_trust_every_command() -> None:
    assert ChatResponseMarkdownPart("a").value.value == "a"
    with pytest.raises(InvalidValue, match="enabled_commands"):
        ChatResponseMarkdownPart(MarkdownString("a", is_trusted=True))


def test_a_server_begins_with_no_arguments_of_another() -> None:
    McpStdioServerDefinition("a", "b").args.append("c")
    assert (McpStdioServerDefinition("a", "b").args, McpStdioServerDefinition("a", "b").env) == ([], {})
