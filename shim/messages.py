"""What goes to language models and chats and what comes from them, as plain values. No model is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sessions.errors import InvalidValue
from shim.enums import LanguageModelChatMessageRole
from shim.markdown import MarkdownString
from shim.ranges import Location
from shim.types import Command, IconPath
from shim.uri import Uri
from shim.values import Value, field, readonly, value


@value
class LanguageModelTextPart(Value):
    """Text of a message."""

    value: str


@value
class LanguageModelToolCallPart(Value):
    """A model asks for a tool; the result names the same `call_id`."""

    call_id: str
    name: str
    input: dict[str, Any]


@value
class LanguageModelPromptTsxPart(Value):
    """A piece of a prompt library's own."""

    value: Any


@value
class LanguageModelDataPart(Value):
    """Bytes of a message, such as an image."""

    data: bytes
    mime_type: str

    @staticmethod
    def image(data: bytes, mime: str) -> LanguageModelDataPart:
        return LanguageModelDataPart(data, mime)

    @staticmethod
    def json(value: Any, mime: str = "text/x-json") -> LanguageModelDataPart:
        from json import dumps

        return LanguageModelDataPart(dumps(value, ensure_ascii=False, indent="\t").encode(), mime)

    @staticmethod
    def text(value: str, mime: str = "text/plain") -> LanguageModelDataPart:
        return LanguageModelDataPart(value.encode(), mime)


@value
class LanguageModelToolResult(Value):
    """What a tool gives: texts, data, or anything that the caller understands."""

    content: list[Any]


@value
class LanguageModelToolResultPart(Value):
    """What came of the tool call `call_id`, for the model to read."""

    call_id: str
    content: list[Any]
    is_error: bool = False
    """Whether the call failed. Ours; VS Code does not tell."""


LanguageModelInputPart: TypeAlias = (
    LanguageModelTextPart | LanguageModelToolResultPart | LanguageModelToolCallPart | LanguageModelDataPart
)


class LanguageModelChatMessage(Value):
    """A message of a role; a text given or assigned as `content` becomes a list of one text part."""

    _fields = ("role", "content", "name")

    def __init__(
        self,
        role: LanguageModelChatMessageRole,
        content: str | Sequence[LanguageModelInputPart],
        name: str | None = None,
    ) -> None:
        self.role = role
        self.content = content
        self.name = name

    @property
    def content(self) -> list[LanguageModelInputPart]:
        return self._content

    @content.setter
    def content(self, content: str | Sequence[LanguageModelInputPart]) -> None:
        self._content: list[LanguageModelInputPart] = []
        self._content += [LanguageModelTextPart(content)] if isinstance(content, str) else content

    @staticmethod
    def user(content: str | Sequence[LanguageModelInputPart], name: str | None = None) -> LanguageModelChatMessage:
        return LanguageModelChatMessage(LanguageModelChatMessageRole.USER, content, name)

    @staticmethod
    def assistant(content: str | Sequence[LanguageModelInputPart], name: str | None = None) -> LanguageModelChatMessage:
        return LanguageModelChatMessage(LanguageModelChatMessageRole.ASSISTANT, content, name)


@value
class McpStdioServerDefinition(Value):
    """An MCP server to start as a process."""

    label: str
    command: str
    args: list[str] = field(default_factory=list)
    env: dict[str, str | int | None] = field(default_factory=dict)
    version: str | None = None
    cwd: Uri | None = None


@value
class McpHttpServerDefinition(Value):
    """An MCP server to reach over HTTP."""

    label: str
    uri: Uri
    headers: dict[str, str] = field(default_factory=dict)
    version: str | None = None


@value
class ChatResponseMarkdownPart(Value):
    """Markdown of an answer; a text becomes a MarkdownString."""

    value: MarkdownString

    def __init__(self, value: str | MarkdownString) -> None:
        self.value = MarkdownString(value) if isinstance(value, str) else value
        if self.value.is_trusted is True:
            raise InvalidValue("value", "must name the commands it trusts: is_trusted={'enabled_commands': [...]}")


@value
class ChatResponseFileTree(Value):
    """A file, or with children a folder, of a file tree."""

    name: str
    children: Sequence[ChatResponseFileTree] | None = None


@value
class ChatResponseFileTreePart(Value):
    """A file tree of an answer."""

    value: Sequence[ChatResponseFileTree]
    base_uri: Uri


@value
class ChatResponseAnchorPart(Value):
    """A link of an answer to a resource or a place in it."""

    value: Uri | Location
    title: str | None = None


@value
class ChatResponseProgressPart(Value):
    """A line that says what is going on."""

    value: str


@value
class ChatResponseReferencePart(Value):
    """Something that the answer was made from."""

    value: Uri | Location
    icon_path: IconPath | None = None


@value
class ChatResponseCommandButtonPart(Value):
    """A button of an answer."""

    value: Command


@readonly
class ChatRequestTurn(Value):
    """A question of the chat so far."""

    prompt: str
    command: str | None
    references: Sequence[Any]
    participant: str
    tool_references: Sequence[Any] = ()


@readonly
class ChatResponseTurn(Value):
    """An answer of the chat so far."""

    response: Sequence[Any]
    result: Mapping[str, Any]
    participant: str
    command: str | None = None
