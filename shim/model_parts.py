"""What goes to language models and comes from them, as extensions see it and as the pool takes it."""

from __future__ import annotations

from typing import Any, TypeAlias

from sessions import models
from sessions.errors import InvalidValue
from shim.enums import LanguageModelChatMessageRole
from shim.messages import (
    LanguageModelChatMessage,
    LanguageModelDataPart,
    LanguageModelTextPart,
    LanguageModelToolCallPart,
    LanguageModelToolResultPart,
)
from shim.values import Value, value

CACHE_MARK = "cache_control"
"""The type of a data part that stands where a provider's cache may end, as Copilot's extensions write it."""


@value
class LanguageModelThinkingPart(Value):
    """What a model thought, or the next piece of it (VS Code's proposed part). Give it back unchanged."""

    value: str
    id: str = ""
    """The provider's signature of it, with its last piece."""
    redacted: bool = False


@value
class LanguageModelUsagePart(Value):
    """The last part of an answer: tokens, USD (None: unknown) and why it ended. Ours; VS Code does not tell."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    thinking: int
    cost: float | None
    reason: str


@value
class LanguageModelStatusPart(Value):
    """That an answer is not there yet: its place in the line, or that it is tried again, and why. Ours."""

    position: int | None = None
    retrying: str | None = None
    in_s: float | None = None


Part: TypeAlias = (
    LanguageModelTextPart
    | LanguageModelToolCallPart
    | LanguageModelThinkingPart
    | LanguageModelUsagePart
    | LanguageModelStatusPart
    | LanguageModelDataPart
)


def part_of(item: models.Item) -> Part:
    """What a model said, as the shim's part."""
    match item:
        case models.Text():
            return LanguageModelTextPart(item.text)
        case models.Thinking():
            return LanguageModelThinkingPart(item.text, item.signature, item.redacted)
        case models.ToolCall():
            return LanguageModelToolCallPart(item.id, item.name, dict(item.arguments))
        case models.Queued():
            return LanguageModelStatusPart(position=item.position)
        case models.Retrying():
            return LanguageModelStatusPart(retrying=item.reason, in_s=item.in_s)
        case models.Finished():
            usage = item.usage
            return LanguageModelUsagePart(
                usage.input, usage.output, usage.cache_read, usage.cache_write, usage.thinking, item.cost, item.reason
            )


def message_of(message: LanguageModelChatMessage) -> models.Message:
    """The message as the pool takes it. Raises `InvalidValue` for a part that it cannot hold."""
    role: models.Role = "assistant" if message.role is LanguageModelChatMessageRole.ASSISTANT else "user"
    return models.Message(role, tuple(_sent(part) for part in message.content))


def _sent(part: object) -> models.Part:
    match part:
        case LanguageModelTextPart():
            return models.Text(part.value)
        case LanguageModelThinkingPart():
            return models.Thinking(part.value, part.id, part.redacted)
        case LanguageModelToolCallPart():
            return models.ToolCall(part.call_id, part.name, dict(part.input))
        case LanguageModelToolResultPart():
            return models.ToolResult(part.call_id, tuple(_in_result(one) for one in part.content), part.is_error)
        case LanguageModelDataPart():
            return _data(part)
        case _:
            raise InvalidValue("content", f"{type(part).__name__} is no part of a message to a model")


def _in_result(part: object) -> models.Text | models.Image:
    sent = models.Text(part) if isinstance(part, str) else _sent(part)
    if isinstance(sent, models.Text | models.Image):
        return sent
    raise InvalidValue("content", "a tool's result is texts and images")


def _data(part: LanguageModelDataPart) -> models.Text | models.Image | models.CacheMark:
    if part.mime_type == CACHE_MARK:
        return models.CacheMark()
    if part.mime_type.startswith("image/"):
        return models.Image(part.mime_type, bytes(part.data))
    try:
        return models.Text(bytes(part.data).decode())
    except UnicodeDecodeError:
        raise InvalidValue("content", f"{part.mime_type} is neither an image nor text") from None


def shown(message: models.Message) -> LanguageModelChatMessage:
    """A message as extensions know it."""
    role = LanguageModelChatMessageRole.ASSISTANT if message.role == "assistant" else LanguageModelChatMessageRole.USER
    return LanguageModelChatMessage(
        role, [part_shown(part) for part in message.parts if not isinstance(part, models.CacheMark)]
    )


def part_shown(part: models.Part) -> Any:
    match part:
        case models.Image():
            return LanguageModelDataPart(part.data, part.mime)
        case models.ToolResult():
            return LanguageModelToolResultPart(part.call_id, [part_shown(one) for one in part.content], part.is_error)
        case models.Text() | models.Thinking() | models.ToolCall():
            return part_of(part)
        case models.CacheMark():
            return None
