"""OpenAI's chat completions as our values, and our answers as its. Nothing is sent here.

Source: OpenAI's API reference of `/v1/chat/completions`. What cannot be honoured is refused by name, not dropped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from host import large
from host.providers.answers import ECHO, SEAL, author
from sessions.errors import InvalidValue
from sessions.models import (
    Finished,
    Image,
    Item,
    Message,
    Part,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolSpec,
)

DATA = re.compile(r"data:(image/[a-z0-9.+-]{1,64});base64,", re.IGNORECASE)
OPTIONS = ("temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "reasoning_effort")
"""What is handed on to the provider as it is said, if it is."""

FINISHED = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "blocked": "content_filter"}
Short = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Known(BaseModel):
    """What a client may say: nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Echoed(BaseModel):
    """What clients send back as they got it: more than we read of it may be in it."""

    model_config = ConfigDict(extra="ignore", strict=True)


class ImageUrl(Echoed):
    url: str


class ContentPart(Echoed):
    type: Literal["text", "image_url"]
    text: str = ""
    image_url: ImageUrl | None = None


class Called(Echoed):
    name: Short
    arguments: str = ""


class CallOfTool(Echoed):
    id: Short
    type: Literal["function"] = "function"
    function: Called
    extra_content: Any = None
    """What Google gives with a call and wants back with it."""


class Said(Echoed):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    reasoning_content: Any = None
    """What DeepSeek and others thought, and want back with their calls."""
    tool_calls: list[CallOfTool] | None = Field(default=None, max_length=256)
    tool_call_id: Short | None = None


class Function(Known):
    name: Short
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


class Tool(Known):
    type: Literal["function"]
    function: Function


class Named(Known):
    name: Short


class Forced(Known):
    type: Literal["function"]
    function: Named


class StreamOptions(Known):
    include_usage: bool = False
    include_obfuscation: bool = False


class Format(Known):
    type: Literal["text"]


class Chat(Known):
    model: Short
    messages: Annotated[list[Said], Field(min_length=1, max_length=10_000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: list[Tool] | None = Field(default=None, max_length=512)
    tool_choice: Literal["auto", "none", "required"] | Forced | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    n: Literal[1] | None = 1
    response_format: Format | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    store: Literal[False] | None = None


def request_of(chat: Chat, model: str) -> Request:
    """The question to `model` (a `Model.id`) that a client asks; for threads, as it may be megabytes.

    Raises `InvalidValue` naming the field.
    """
    forced = chat.tool_choice.function.name if isinstance(chat.tool_choice, Forced) else None
    choice: ToolChoice = chat.tool_choice if isinstance(chat.tool_choice, str) else "auto"
    tools = tuple(
        ToolSpec(one.function.name, one.function.description, one.function.parameters) for one in chat.tools or ()
    )
    if forced is not None and forced not in {tool.name for tool in tools}:
        raise InvalidValue("tool_choice", "names a function that is not among the tools")
    return Request(
        model,
        tuple(_messages(chat.messages, author(model))),
        system=tuple(Text(text) for text in _system(chat.messages)),
        tools=tools,
        tool_choice=choice,
        forced_tool=forced,
        max_output_tokens=chat.max_completion_tokens or chat.max_tokens,
        options={name: value for name in OPTIONS if (value := getattr(chat, name)) is not None},
    )


def _system(said: Sequence[Said]) -> Iterable[str]:
    for number, one in enumerate(said):
        if one.role in ("system", "developer"):
            for part in _parts(one, number):
                if not isinstance(part, Text):
                    raise InvalidValue(f"messages.{number}.content", "must be text in a system message")
                yield part.text


def _messages(said: Sequence[Said], asked: str) -> list[Message]:
    """The conversation; the results of tools that were called together are one message.

    What was thought is taken for the thoughts of `asked`, the model that is asked, as signatures name it.
    """
    spoken = ((number, one) for number, one in enumerate(said) if one.role not in ("system", "developer"))
    found: list[Message] = []
    for is_result, some in groupby(spoken, lambda each: each[1].role == "tool"):
        if is_result:
            found.append(Message("user", tuple(_result(one, number) for number, one in some)))
            continue
        for number, one in some:
            role: Literal["user", "assistant"] = "assistant" if one.role == "assistant" else "user"
            found.append(Message(role, (*_thought(one, asked), *_parts(one, number), *_calls(one, number, asked))))
    if not found:
        raise InvalidValue("messages", "must hold a message of a user or an assistant")
    return found


def _thought(one: Said, asked: str) -> tuple[Thinking, ...]:
    text = one.reasoning_content
    return (Thinking(text, f"{ECHO}{asked}"),) if isinstance(text, str) and text else ()


def _parts(one: Said, number: int) -> tuple[Text | Image, ...]:
    if one.content is None or isinstance(one.content, str):
        return (Text(one.content),) if one.content else ()
    place = f"messages.{number}.content"
    return tuple(_image(part, place) if part.type == "image_url" else Text(part.text) for part in one.content)


def _image(part: ContentPart, place: str) -> Image:
    found = DATA.match(part.image_url.url) if part.image_url else None
    if found is None:
        raise InvalidValue(place, "an image must be a data: URL in base64, as this host fetches no addresses")
    try:
        data = large.from_base64(found.string[found.end() :])
    except ValueError:
        raise InvalidValue(place, "the image is not base64") from None
    return Image(found[1].lower(), data)


def _calls(one: Said, number: int, asked: str) -> Iterator[Part]:
    for call in one.tool_calls or ():
        google = call.extra_content.get("google") if isinstance(call.extra_content, dict) else None
        seal = google.get("thought_signature") if isinstance(google, dict) else None
        if isinstance(seal, str) and seal:
            yield Thinking("", f"{SEAL}{asked}:{seal}", redacted=True)
        yield ToolCall(call.id, call.function.name, _arguments(call, f"messages.{number}.tool_calls"))


def _arguments(call: CallOfTool, place: str) -> dict[str, Any]:
    text = call.function.arguments or "{}"
    try:
        arguments = orjson.loads(text) if len(text) <= large.LARGE else large.value(text)
    except orjson.JSONDecodeError:
        arguments = None
    except large.TooManyValues:
        raise InvalidValue(place, f"the arguments of a call have more than {large.MOST_VALUES:,} values") from None
    if not isinstance(arguments, dict):
        raise InvalidValue(place, "the arguments of a call must be a JSON object")
    return arguments


def _result(one: Said, number: int) -> ToolResult:
    if one.tool_call_id is None:
        raise InvalidValue(f"messages.{number}.tool_call_id", "missing in a message of a tool")
    return ToolResult(one.tool_call_id, _parts(one, number))


# -- answers


class Answer:
    """One answer on its way to a client, as a whole or in chunks."""

    def __init__(self, number: str, model: str) -> None:
        self._head = {"id": f"chatcmpl-{number}", "created": int(time.time()), "model": model}
        self._calls = 0
        self._seal = ""
        """Of the call that comes next."""

    def beginning(self) -> dict[str, Any]:
        """The first chunk."""
        return self._chunk({"role": "assistant", "content": ""})

    def chunk(self, item: Item) -> dict[str, Any] | None:
        """An item as a chunk; None for what OpenAI's clients know nothing of."""
        match item:
            case Text():
                return self._chunk({"content": item.text})
            case Thinking(text=text) if text:
                return self._chunk({"reasoning_content": text})
            case Thinking():
                self._seal = _seal(item)
                return None
            case ToolCall():
                self._calls += 1
                call, self._seal = _call(item, self._seal), ""
                return self._chunk({"tool_calls": [{"index": self._calls - 1, **call}]})
            case Finished():
                return self._chunk({}, _finish_reason(item))
            case _:
                return None

    def usage(self, finished: Finished) -> dict[str, Any]:
        """The last chunk for those who ask for it."""
        return {**self._chunk({}), "choices": [], "usage": _usage(finished)}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def whole(self, items: Sequence[Item]) -> dict[str, Any]:
        """The answer in one piece."""
        text = "".join(item.text for item in items if isinstance(item, Text))
        thought = "".join(item.text for item in items if isinstance(item, Thinking))
        before = ("", *(_seal(item) if isinstance(item, Thinking) else "" for item in items))
        calls = [_call(item, seal) for item, seal in zip(items, before, strict=False) if isinstance(item, ToolCall)]
        finished = next(item for item in items if isinstance(item, Finished))
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
        message |= {"reasoning_content": thought} if thought else {}
        message |= {"tool_calls": calls} if calls else {}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(finished)}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(finished)}


def _seal(thought: Thinking) -> str:
    """The signature of the call behind it, as Google gave it."""
    return thought.signature.removeprefix(SEAL).partition(":")[2] if thought.signature.startswith(SEAL) else ""


def _call(call: ToolCall, seal: str) -> dict[str, Any]:
    arguments = orjson.dumps(dict(call.arguments)).decode()
    told = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
    return told | ({"extra_content": {"google": {"thought_signature": seal}}} if seal else {})


def _finish_reason(finished: Finished) -> str:
    return FINISHED.get(finished.reason, "stop")


def _usage(finished: Finished) -> dict[str, Any]:
    """`cost` in USD is ours, null where the price is unknown."""
    used = finished.usage
    return {
        "prompt_tokens": used.all_input,
        "completion_tokens": used.output,
        "total_tokens": used.all_input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cache_read},
        "completion_tokens_details": {"reasoning_tokens": used.thinking},
        "cost": finished.cost,
    }
