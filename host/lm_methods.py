"""What a client asks of language models. `methods.py` publishes these."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.errors import InvalidValue, LanguageModelError
from shim import lm
from shim.cancellation import CancellationTokenSource
from shim.enums import LanguageModelChatToolMode
from shim.messages import (
    LanguageModelChatMessage,
    LanguageModelDataPart,
    LanguageModelTextPart,
    LanguageModelToolCallPart,
    LanguageModelToolResultPart,
)

CONTRACT = Contract()
method = CONTRACT.method

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=256)] | int
Role = Literal["user", "assistant"]


class Price(TypedDict):
    input: float
    output: float
    cacheRead: float | None
    cacheWrite: float | None


class Model(TypedDict):
    id: str
    name: str
    vendor: str
    family: str
    version: str
    maxInputTokens: int
    maxOutputTokens: int
    capabilities: dict[str, bool]
    price: NotRequired[Price]


class ToolCall(TypedDict):
    callId: str
    name: str
    input: dict[str, Any]


class Usage(TypedDict):
    inputTokens: int
    outputTokens: int
    cacheReadTokens: int
    cacheWriteTokens: int
    thinkingTokens: int


class Answer(TypedDict):
    text: str
    toolCalls: list[ToolCall]
    usage: Usage
    cost: float | None


@method("lm.selectChatModels")
async def select_chat_models(
    caller: Caller,
    vendor: Name | None = None,
    family: Name | None = None,
    version: Name | None = None,
    id: Name | None = None,
) -> list[Model]:
    """The user's models that are all of this; a price is USD for a million tokens, and absent where unknown."""
    return [_told(one) for one in await lm.select_chat_models(vendor=vendor, family=family, version=version, id=id)]


def _told(one: lm.LanguageModelChat) -> Model:
    can = one.capabilities
    told: Model = {
        "id": one.id,
        "name": one.name,
        "vendor": one.vendor,
        "family": one.family,
        "version": one.version,
        "maxInputTokens": one.max_input_tokens,
        "maxOutputTokens": one.max_output_tokens,
        "capabilities": {"toolCalling": can.tools, "imageInput": can.images, "thinking": can.thinking},
    }
    if one.price is not None:
        price = one.price
        told["price"] = {
            "input": price.input,
            "output": price.output,
            "cacheRead": price.cache_read,
            "cacheWrite": price.cache_write,
        }
    return told


@method("lm.sendRequest", gated=True)
async def send_request(
    caller: Caller,
    model: Name,
    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=10_000)],
    options: dict[str, Any] | None = None,
    progress_token: Token | None = None,
) -> Answer:
    """Ask a model. Parts stream as `$/progress` where `progressToken` is given: `{type: text|thinking|..., ...}`.

    `messages` are `{role, content}` whose content is a text or parts `{type: text|image|toolCall|toolResult, ...}`;
    `options` may have `tools` ([{name, description, inputSchema}]), `toolMode`, `system`, `maxOutputTokens`, `task`,
    and what the provider takes.
    """
    chosen = await lm.select_chat_models(id=model)
    if not chosen:
        raise LanguageModelError.not_found(f"you have no model {model!r}: see lm.selectChatModels")
    source = CancellationTokenSource()
    try:
        more = dict(options or {})
        response = await chosen[0].send_request(
            [_message(at, one) for at, one in enumerate(messages)],
            tools=[_tool(one) for one in _taken(more, "tools", list, [])],
            tool_mode=_mode(more.pop("toolMode", "auto")),
            system=_system(more),
            max_output_tokens=_taken(more, "maxOutputTokens", int, None),
            task=_taken(more, "task", str, None),
            model_options=more,
            token=source.token,
        )
        return await _collect(caller, response, progress_token)
    finally:
        source.cancel()


async def _collect(caller: Caller, response: lm.LanguageModelChatResponse, token: Token | None) -> Answer:
    answer: Answer = {"text": "", "toolCalls": [], "usage": _usage(None), "cost": None}
    texts: list[str] = []
    async for part in response.stream:
        if isinstance(part, LanguageModelTextPart):
            texts.append(part.value)
        elif isinstance(part, LanguageModelToolCallPart):
            answer["toolCalls"].append({"callId": part.call_id, "name": part.name, "input": dict(part.input)})
        elif isinstance(part, lm.LanguageModelUsagePart):
            answer["usage"], answer["cost"] = _usage(part), part.cost
        if token is not None:
            await caller.progress(token, _part(part))
    answer["text"] = "".join(texts)
    return answer


def _usage(part: lm.LanguageModelUsagePart | None) -> Usage:
    return {
        "inputTokens": part.input if part else 0,
        "outputTokens": part.output if part else 0,
        "cacheReadTokens": part.cache_read if part else 0,
        "cacheWriteTokens": part.cache_write if part else 0,
        "thinkingTokens": part.thinking if part else 0,
    }


def _part(part: lm.Part) -> dict[str, Any]:
    match part:
        case LanguageModelTextPart():
            return {"type": "text", "text": part.value}
        case lm.LanguageModelThinkingPart():
            return {"type": "thinking", "text": part.value}
        case LanguageModelToolCallPart():
            return {"type": "toolCall", "callId": part.call_id, "name": part.name, "input": dict(part.input)}
        case lm.LanguageModelUsagePart():
            return {"type": "usage", **_usage(part), "cost": part.cost}
        case lm.LanguageModelStatusPart(retrying=None):
            return {"type": "queued", "position": part.position}
        case lm.LanguageModelStatusPart():
            return {"type": "retrying", "reason": part.retrying, "inSeconds": part.in_s}
        case _:
            return {"type": "data"}


# -- what was asked


def _taken(more: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    found = more.pop(name, None)
    if found is None:
        return default
    if not isinstance(found, kind) or isinstance(found, bool):
        raise InvalidValue(f"options.{name}", f"must be a {kind.__name__}")
    return found


def _system(more: dict[str, Any]) -> list[str]:
    found = more.pop("system", None)
    texts = [found] if isinstance(found, str) else found or []
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise InvalidValue("options.system", "must be a text or a list of texts")
    return texts


def _mode(mode: object) -> LanguageModelChatToolMode:
    if mode not in ("auto", "required"):
        raise InvalidValue("options.toolMode", "must be 'auto' or 'required'")
    return LanguageModelChatToolMode.REQUIRED if mode == "required" else LanguageModelChatToolMode.AUTO


def _tool(one: object) -> lm.LanguageModelChatTool:
    if not isinstance(one, dict) or not isinstance(one.get("name"), str):
        raise InvalidValue("options.tools", "each must be {name, description, inputSchema}")
    return lm.LanguageModelChatTool(one["name"], str(one.get("description") or ""), one.get("inputSchema"))


def _message(at: int, one: dict[str, Any]) -> LanguageModelChatMessage:
    role, content = one.get("role"), one.get("content")
    if role not in ("user", "assistant"):
        raise InvalidValue(f"messages[{at}].role", "must be 'user' or 'assistant'")
    if set(one) - {"role", "content"}:
        raise InvalidValue(f"messages[{at}]", "has role and content, and nothing else")
    parts: Any = content if isinstance(content, str) else [_content(at, part) for part in _list(at, content)]
    return LanguageModelChatMessage.user(parts) if role == "user" else LanguageModelChatMessage.assistant(parts)


def _list(at: int, content: object) -> list[Any]:
    if not isinstance(content, list) or not content:
        raise InvalidValue(f"messages[{at}].content", "must be a text or a list of parts")
    return content


def _content(at: int, part: Any) -> Any:
    where = f"messages[{at}].content"
    try:
        match part["type"]:
            case "text":
                return LanguageModelTextPart(_text(part["text"]))
            case "image":
                return LanguageModelDataPart.image(
                    base64.b64decode(part["data"], validate=True), _text(part["mimeType"])
                )
            case "toolCall":
                return LanguageModelToolCallPart(_text(part["callId"]), _text(part["name"]), dict(part["input"]))
            case "toolResult":
                said = part["content"]
                inner = [LanguageModelTextPart(said)] if isinstance(said, str) else [_content(at, one) for one in said]
                return LanguageModelToolResultPart(_text(part["callId"]), inner)
    except (KeyError, TypeError, ValueError):
        raise InvalidValue(where, "has a part that is not whole: see rpc.discover") from None
    raise InvalidValue(where, "has a part of an unknown type; there are text, image, toolCall and toolResult")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
