"""A long conversation made short by its model: a summary takes its place, and all that it stands for is only hidden.

Kept word for word beside the summary: the commands that the user gave, and the signatures of files that were read.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shim as vscode
from extensions.coder import definitions
from extensions.coder.access import Access, inside
from extensions.coder.choosing import Candidate, Fold, select
from extensions.coder.history import Message, effective, since_summary
from extensions.coder.modes import ALIASES, ToolRefused, edited_files
from extensions.coder.reading import NotRead, read_text
from extensions.coder.sending import blind, sent
from extensions.coder.tokens import of_messages
from shim.proposed import paths

OPENING = re.compile(r'<command name="[^"\n]{1,200}">\n')
CLOSING = "\n</command>"
MOST_COMMANDS = 10
LONGEST_COMMANDS = 20_000
"""Characters of all commands that are kept."""

FOLDED_TOKENS = 12_000
MOST_FILES = 100
LARGEST_FILE = 512 * 1024

READING = frozenset({"read_file"})
EDITING = frozenset({
    "write_to_file", "apply_diff", "str_replace_editor", "edit", "search_replace", "edit_file",
})  # fmt: skip

COMMANDS = "## Commands of the user\n\nThese still hold:"
SIGNATURES = "## Files that were read\n\nTheir signatures, as they are now; read a file again before you change it."


class CannotCondense(Exception):
    """There is no summary; the conversation is as it was."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """What came of it: all messages with their tags, the summary's among them, and what asking for it took."""

    messages: list[Message]
    summary: Message
    text: str
    cost: float | None
    usage: vscode.LanguageModelUsagePart | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and with what: the same prompt and tools as the task's own requests, so that their cache counts."""

    model: vscode.LanguageModelChat
    system: Sequence[str]
    tools: Sequence[vscode.LanguageModelChatTool]
    prompt: str
    """What the model is asked to write."""
    task_id: str
    token: vscode.CancellationToken | None = None
    beginning: str = ""
    """What stands behind the first message in the task's own requests."""
    is_blind: bool = False
    """Whether the model has refused pictures."""


@dataclass(frozen=True, slots=True)
class Folding:
    """How files that were read are kept: where they are, what may be seen, and how one is folded."""

    cwd: vscode.Uri
    access: Access
    fold: Fold = definitions.signatures


async def condense(messages: list[Message], asking: Asking, folding: Folding | None, now_ms: int) -> Condensed:
    """Have the conversation summed up. Raises `CannotCondense`; budgets and cancelling are raised as they are."""
    shown = effective(messages)
    recent = [one for one in since_summary(messages) if not one.get("isSummary")]
    if len(recent) < 2:
        raise CannotCondense("there is too little since the last summary")
    text, usage = await _asked(shown, asking)
    folded = await signatures(messages, folding) if folding is not None else ""
    parts = [f"## Summary of the conversation so far\n\n{text}", _commands(shown), folded]
    content = [{"type": "text", "text": part} for part in parts if part]
    key = str(uuid.uuid4())
    summary: Message = {"role": "user", "content": content, "ts": now_ms, "isSummary": True, "condenseId": key}
    if of_messages([summary]) >= of_messages(shown):
        raise CannotCondense("the summary would be longer than what it stands for")
    tagged = [one if one.get("condenseParent") else {**one, "condenseParent": key} for one in messages]
    return Condensed([*tagged, summary], summary, text, usage.cost if usage else None, usage)


async def _asked(shown: list[Message], asking: Asking) -> tuple[str, vscode.LanguageModelUsagePart | None]:
    seen = blind(shown) if asking.is_blind else shown
    request = [*seen, {"role": "user", "content": [{"type": "text", "text": asking.prompt}]}]
    said: list[str] = []
    usage = None
    try:
        told = await asyncio.to_thread(sent, request, "", asking.beginning)
        response = await asking.model.send_request(
            told, tools=asking.tools, system=asking.system, task=asking.task_id, token=asking.token
        )
        async for part in response.stream:
            if isinstance(part, vscode.LanguageModelTextPart):
                said.append(part.value)
            elif isinstance(part, vscode.LanguageModelUsagePart):
                usage = part
    except vscode.LanguageModelError as error:
        raise CannotCondense(f"the model gave no summary: {error}") from error
    if usage is not None and usage.reason == "length":
        raise CannotCondense("the summary was cut off at the model's longest answer")
    text = "".join(said).strip()
    if not text:
        raise CannotCondense("the model gave no summary: its answer has no text")
    return text, usage


# -- what is kept word for word


def texts_of(message: Message) -> Iterator[str]:
    """The texts that somebody said in a message; results of tools are none."""
    if isinstance(message["content"], str):
        yield message["content"]
    else:
        yield from (part["text"] for part in message["content"] if part.get("type") == "text")


def _commands(shown: Sequence[Message]) -> str:
    """The blocks of slash commands that the user gave, the newest where they are too many."""
    texts = [text for one in shown if one["role"] == "user" for text in texts_of(one)]
    found = [block for text in texts for block in blocks(text)]
    kept: list[str] = []
    left = LONGEST_COMMANDS
    for block in reversed(list(dict.fromkeys(found))[-MOST_COMMANDS:]):
        if len(block) <= left:
            left -= len(block)
            kept.insert(0, block)
    return "\n\n".join((COMMANDS, *kept)) if kept else ""


def blocks(text: str) -> Iterator[str]:
    """The blocks of commands in a text, in time linear in it."""
    at = 0
    while (opening := OPENING.search(text, at)) is not None:
        end = text.find(CLOSING, opening.end() - 1)
        if end < 0:
            return
        at = end + len(CLOSING)
        yield text[opening.start() : at]


def files_used(messages: Sequence[Message]) -> dict[str, bool]:
    """The paths that tools were given to read or edit, the last used first, and whether one was edited."""
    found: dict[str, bool] = {}
    for one in messages:
        for name, given in _calls(one):
            for path in _paths(name, given):
                found[path] = found.pop(path, False) or name not in READING
    return dict(reversed(found.items()))


def _paths(name: str, given: Mapping[str, Any]) -> list[str]:
    if name == "apply_patch":
        try:
            return edited_files(name, given)
        except ToolRefused:
            return []
    path = given.get("path") or given.get("file_path")
    return [path] if isinstance(path, str) and path and ALIASES.get(name, name) in READING | EDITING else []


def _calls(message: Message) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if message["role"] == "assistant" and isinstance(message["content"], list):
        for part in message["content"]:
            if part.get("type") == "tool_use" and isinstance(part.get("input"), dict):
                yield part["name"], part["input"]


async def signatures(messages: Sequence[Message], folding: Folding, budget: int = FOLDED_TOKENS) -> str:
    """What the files that were used define, the most important of them within `budget` tokens; empty: nothing."""
    used = list(files_used(messages).items())[:MOST_FILES]
    places = [_place(folding.cwd, path) for path, _ in used]
    texts = await asyncio.gather(*(_text(uri, folding.access) for uri in places))
    given = [
        (_named(folding.cwd, uri), text, edited)
        for uri, text, (_, edited) in zip(places, texts, used, strict=True)
        if text
    ]
    folded = await asyncio.to_thread(_folded, given, folding.fold)
    candidates = [Candidate(path, text, is_edited=edited, age=at) for at, (path, text, edited) in enumerate(folded)]
    choice = select(candidates, budget, most=1.0)
    shown = [f"### {one.path}\n\n```\n{one.text}\n```" for one in choice.chosen]
    return "\n\n".join((SIGNATURES, *shown)) if shown else ""


def _folded(given: Sequence[tuple[str, str, bool]], fold: Callable[[str, str], str]) -> list[tuple[str, str, bool]]:
    folded = [(path, fold(path, text).strip(), edited) for path, text, edited in given]
    return [one for one in folded if one[1]]


def _place(cwd: vscode.Uri, path: str) -> vscode.Uri:
    return vscode.Uri.file(path) if path.startswith("/") else vscode.Uri.join_path(cwd, path)


def _named(cwd: vscode.Uri, uri: vscode.Uri) -> str:
    return inside(cwd.path, uri.path) or uri.path


async def _text(uri: vscode.Uri, access: Access) -> str | None:
    try:
        real = await paths.real(uri)
        if access.can_read(uri.path) and access.can_read(real.path):
            return await read_text(real, LARGEST_FILE)
    except (NotRead, paths.Failure):
        pass
    return None
