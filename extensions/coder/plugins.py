"""Tools of other extensions and MCP servers, as tools of the agent: leave is asked, whatever they say of themselves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

import shim as vscode
from extensions.coder.mcp_names import meant
from extensions.coder.pictures import LARGEST, LARGEST_ALL, mime_of
from extensions.coder.repetition import digest
from extensions.coder.tool import Action, Image, Plan, Result, Tool, ToolError, Use
from shim.flattening import NOT_AT_THE_TOP, as_object

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every provider takes as a function's name: with one other name a model is asked nothing at all."""

LONGEST_DESCRIPTION = 4_000
"""Characters of what a plugin says of its tool."""

LARGEST_SCHEMA = 64 * 1024
"""Bytes of JSON."""

PICTURES = 20
"""Of one call."""

LONGEST = 1_000_000
"""Characters of one call's texts that are looked at; a model reads fewer of them."""


Plugins = Sequence[tuple[vscode.LanguageModelToolInformation, vscode.LanguageModelChatTool | str]]
"""Tools of extensions by name, each as a model gets it, or why it gets none."""

LEFT_OUT = "\n\n[{} parts are left out: too much, or no text and no picture (PNG, JPEG, GIF, WebP) that you can see]"


def offered(one: vscode.LanguageModelToolInformation) -> vscode.LanguageModelChatTool:
    """The tool as a model gets it. Raises `ValueError`, with a sentence for people, of one that providers refuse."""
    if not NAME.fullmatch(one.name):
        raise ValueError(_left_out(one.name, "its name must be 1 to 64 letters, digits, '_' and '-'"))
    try:
        text = orjson.dumps(one.input_schema or {}, default=_plain)
        schema = orjson.loads(text) if len(text) <= LARGEST_SCHEMA else None
    except (TypeError, ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        rule = f"its input_schema must be the JSON schema of an object, {LARGEST_SCHEMA} bytes at most"
        raise ValueError(_left_out(one.name, rule))
    description = _written(one.description or "")[:LONGEST_DESCRIPTION]
    return vscode.LanguageModelChatTool(one.name, description, as_object(schema))


def converted(tools: Iterable[vscode.LanguageModelToolInformation]) -> Plugins:
    """The tools as models get them."""
    found: list[tuple[vscode.LanguageModelToolInformation, vscode.LanguageModelChatTool | str]] = []
    for one in sorted(tools, key=lambda tool: tool.name):
        try:
            found.append((one, offered(one)))
        except ValueError as error:
            found.append((one, str(error)))
    return found


def is_of(plugins: Plugins, tools: Sequence[vscode.LanguageModelToolInformation]) -> bool:
    """Whether these are the tools that were converted."""
    return len(plugins) == len(tools) and {id(one) for one, _ in plugins} == {id(one) for one in tools}


def _left_out(name: str, rule: str) -> str:
    return f"The tool {_written(name)[:64]!r} of an extension is not offered to models: {rule}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _written(text: object) -> str:
    """Text that can be written: half of a character is `?`."""
    return str(text).encode("utf-8", "replace").decode()


async def plugin(name: str) -> Tool | None:
    """The tool of that name, which a model may have mangled. Raises `ToolError` where two fit."""
    tools = {one.name: one for one in vscode.lm.tools}
    names = meant(name, tools)
    if len(names) > 1:
        raise ToolError(f"{name!r} may be {' or '.join(sorted(names))}: call the one you mean by its exact name")
    if not names:
        return None
    (name,) = names
    found = tools[name]
    try:
        schema = (await asyncio.to_thread(offered, found)).input_schema or {}
    except ValueError as error:
        raise ToolError(str(error)) from None
    return Tool(name, schema | _whole(found.input_schema), partial(_plan, name))


def _whole(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a call is checked against beyond what models are told, as providers refuse it."""
    return {name: value for name, value in (schema or {}).items() if name in NOT_AT_THE_TOP}


async def _plan(name: str, use: Use, arguments: Mapping[str, Any]) -> Plan:
    definition = _definition(name)
    action = Action("mcp", name=name, definition=definition)
    shown = {"tool": name, "arguments": dict(arguments)}
    return Plan(partial(_act, name, definition, use, arguments), (action,), shown)


def _definition(name: str) -> str | None:
    """What a tool says of itself, in short: leave was given for that, and for nothing that takes its name later."""
    found = next((one for one in vscode.lm.tools if one.name == name), None)
    return None if found is None else digest(_written(found.description), found.input_schema)


async def _act(name: str, definition: str | None, use: Use, arguments: Mapping[str, Any]) -> Result:
    if _definition(name) != definition:
        raise ToolError(f"{name} is gone, or has become another tool meanwhile: call it again if it is there")
    try:
        answer = await vscode.lm.invoke_tool(name, arguments, use.token)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if use.token.is_cancellation_requested or (task is not None and task.cancelling()):
            raise
        raise ToolError(f"{name} was broken off by its own extension; what it did by then is not known") from None
    return await asyncio.to_thread(_result, answer.content, sees=use.sees_images)


def _result(content: object, *, sees: bool) -> Result:
    """What a tool gave, as far as a model can read and see it."""
    texts: list[str] = []
    pictures: list[Image] = []
    left_out = size = length = 0
    for part in content if isinstance(content, list | tuple) else ():
        text = _text(part)
        if text is not None and length < LONGEST:
            texts.append(text[: LONGEST - length])
            length += len(texts[-1])
            continue
        data = part.data if isinstance(part, vscode.LanguageModelDataPart) and text is None else None
        fits = sees and isinstance(data, bytes) and len(data) <= LARGEST and size + len(data) <= LARGEST_ALL
        mime = mime_of(data) if fits and isinstance(data, bytes) and len(pictures) < PICTURES else None
        if mime is None or data is None:
            left_out += 1
            continue
        size += len(data)
        pictures.append(Image(data, mime))
    told = _written("\n".join(texts)) or "(no text)"
    return Result(told + (LEFT_OUT.format(left_out) if left_out else ""), tuple(pictures))


def _text(part: object) -> str | None:
    """The text of a part; None of one that is something else."""
    if isinstance(part, vscode.LanguageModelTextPart):
        return str(part.value)
    if not isinstance(part, vscode.LanguageModelDataPart) or not isinstance(part.data, bytes):
        return None
    kind = str(part.mime_type)
    is_text = kind.startswith("text/") or kind.endswith("json")
    return part.data[: 4 * LONGEST].decode("utf-8", "replace") if is_text else None
