"""A script of the demo model: rules that are matched against a conversation. Nothing is sent, and no pattern can hang.

Texts are looked for as they stand, in a bounded part of what was said, as anybody may bring a script of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sessions.errors import InvalidValue
from sessions.models import Message, Request, Text, ToolCall, ToolResult

ENDS = 8_192
"""How many characters are looked at of the beginning, and of the end, of what was said last."""

ANY = "*"
"""Whichever tool."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Said = Annotated[str, StringConstraints(max_length=65_536)]
Several = Annotated[tuple[Words, ...], Field(max_length=8)]


class Part(BaseModel):
    """A piece of a script: no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Call(Part):
    """A tool that is called; `$name` in a text of the arguments is one of `texts`, or of what the rule took."""

    name: Name
    arguments: dict[str, Any] = Field(default_factory=dict)


class Rule(Part):
    """What is answered when all that it says of the conversation is so; what it does not name may be anything."""

    tool: Name | None = None
    """The last message brings the result of this tool (`*`: of any); without one it is what a person said."""
    unless_tool: Several = ()
    """But not of one of these."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """That tool was called with these arguments, among others."""
    error: bool | None = None
    """That result is an error, or it is none; where this is not said it may be either."""
    says: Several = ()
    """One of these texts is in it, whatever their case."""
    without: Several = ()
    """And none of these, by their case."""
    called: Name | None = None
    """This tool was called before."""
    not_called: Name | None = None
    offered: Name | None = None
    """This tool may be called."""
    take: dict[Name, tuple[Words, Words]] = Field(default_factory=dict, max_length=8)
    """Texts to use in the answer, by name: what stands between these two, where they first are in what was said."""
    think: Said = ""
    text: Said = ""
    calls: Annotated[tuple[Call, ...], Field(max_length=8)] = ()
    """Those of them that may be called are."""


class Script(Part):
    """Rules, of which the first that fits is played, and texts that they use."""

    texts: dict[Name, Said] = Field(default_factory=dict, max_length=64)
    files: dict[str, Name] = Field(default_factory=dict, max_length=64)
    """Files of the repository that the script is about: a path, and the name of its text."""
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=100)]


class Answer(NamedTuple):
    """What is played."""

    think: str = ""
    text: str = ""
    calls: tuple[ToolCall, ...] = ()


class Last(NamedTuple):
    """The end of a conversation, as rules look at it."""

    text: str
    tool: str | None = None
    arguments: Mapping[str, Any] = {}
    error: bool = False


@cache
def built_in() -> Script:
    """The script of the product. Blocks when it is first asked for."""
    return Script.model_validate(tomllib.loads((Path(__file__).parent / "script.toml").read_text()))


def repository() -> dict[str, str]:
    """The files with the failing test that the built-in script finds and fixes: path in the workspace -> text."""
    script = built_in()
    return {path: script.texts[name].lstrip("\n") for path, name in script.files.items()}


def read(script: object) -> Script:
    """Somebody's own script, from the value that it is in JSON. Raises `InvalidValue` naming the first mistake."""
    try:
        return Script.model_validate(script)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidValue(f"script.{place}" if place else "script", first["msg"]) from None


def play(script: Script, request: Request) -> Answer:
    """The answer of the first rule that fits; an empty one where none does."""
    last = _last(request.messages)
    for rule in script.rules:
        if _fits(rule, last, request):
            return _answer(script, rule, last, request)
    return Answer("", "The script of this demo model has no rule for what was said.")


def _last(messages: tuple[Message, ...]) -> Last:
    """A tool's result if the last message brings one, else what a person said."""
    parts = messages[-1].parts if messages else ()
    results = [part for part in parts if isinstance(part, ToolResult)]
    if not results:
        return Last(_bounded(" ".join(part.text for part in parts if isinstance(part, Text))))
    result = results[-1]
    call = next((one for one in _calls(messages) if one.id == result.call_id), None)
    text = _bounded("\n".join(part.text for part in result.content if isinstance(part, Text)))
    return Last(text, call.name if call else "", call.arguments if call else {}, result.is_error)


def _bounded(text: str) -> str:
    return text if len(text) <= 2 * ENDS else f"{text[:ENDS]}\n{text[-ENDS:]}"


def _calls(messages: tuple[Message, ...]) -> Iterator[ToolCall]:
    for message in reversed(messages):
        yield from (part for part in message.parts if isinstance(part, ToolCall))


def _fits(rule: Rule, last: Last, request: Request) -> bool:
    return _fits_tool(rule, last) and _fits_text(rule, last.text) and _fits_history(rule, request)


def _fits_tool(rule: Rule, last: Last) -> bool:
    if rule.tool is None or last.tool is None:
        return rule.tool == last.tool
    named = rule.tool in (ANY, last.tool) and last.tool not in rule.unless_tool
    expected = rule.error in (None, last.error)
    return named and expected and all(last.arguments.get(name) == value for name, value in rule.arguments.items())


def _fits_text(rule: Rule, text: str) -> bool:
    lower = text.lower()
    said = not rule.says or any(words.lower() in lower for words in rule.says)
    return said and not any(words in text for words in rule.without)


def _fits_history(rule: Rule, request: Request) -> bool:
    if rule.offered is not None and rule.offered not in _offered(request):
        return False
    if rule.called is None and rule.not_called is None:
        return True
    called = {one.name for one in _calls(request.messages)}
    return (rule.called is None or rule.called in called) and rule.not_called not in called


def _offered(request: Request) -> set[str]:
    return set() if request.tool_choice == "none" else {tool.name for tool in request.tools}


def _answer(script: Script, rule: Rule, last: Last, request: Request) -> Answer:
    texts = {name: text.strip("\n") + "\n" for name, text in script.texts.items()}
    texts |= {name: _between(last.text, *marks) for name, marks in rule.take.items()}
    number = sum(1 for _ in _calls(request.messages))
    calls = [call for call in rule.calls if call.name in _offered(request)]
    return Answer(
        _filled(rule.think, texts),
        _filled(rule.text, texts),
        tuple(
            ToolCall(f"demo_{number + place}", call.name, _filled(call.arguments, texts))
            for place, call in enumerate(calls, 1)
        ),
    )


def _between(text: str, before: str, after: str) -> str:
    """What stands between the two, on one line."""
    return text.partition(before)[2].lstrip().partition(after)[0][:256].split("\n", 1)[0].strip()


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    """`value` with what `$name` stands for, in all of its texts."""
    if isinstance(value, str):
        return Template(value).safe_substitute(texts)
    if isinstance(value, dict):
        return {name: _filled(inner, texts) for name, inner in value.items()}
    return [_filled(inner, texts) for inner in value] if isinstance(value, list) else value
