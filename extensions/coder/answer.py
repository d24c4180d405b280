"""What a model said, piece by piece: blocks in the order they came, and what it took. No I/O."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import shim as vscode
from extensions.coder.task import Draft, Json

WRITTEN = re.compile(r"(?:</([\w-]{1,64})>|<\|tool_calls?(?:_section)?_end\|>|\[/TOOL_CALLS?\])\s*\Z")
"""How calls end that are written as text, each kind of models in its own way."""

WRITTEN_CHARS = 200
WRAPPERS = frozenset({"tool_call", "tool_calls", "tool_use", "function_call", "function_calls", "function", "invoke"})


@dataclass(slots=True)
class Answer:
    """What a model said: blocks in the order they came, and what it took."""

    blocks: list[Json] = field(default_factory=list)
    usage: vscode.LanguageModelUsagePart | None = None

    @property
    def calls(self) -> list[Json]:
        return [one for one in self.blocks if one["type"] == "tool_use"]

    @property
    def text(self) -> str:
        return "\n\n".join(one["text"] for one in self.blocks if one["type"] == "text" and one["text"].strip())

    @property
    def shown(self) -> int:
        """How many of the blocks people see: sealed thinking is for its model alone."""
        return sum(one["type"] != "redacted_thinking" for one in self.blocks)

    def wrote_call(self, tools: Container[str]) -> bool:
        """Whether its text ends with a call that models without an interface for tools write."""
        found = WRITTEN.search(self.text[-WRITTEN_CHARS:])
        return found is not None and (found[1] is None or found[1] in WRAPPERS or found[1] in tools)

    def take(self, part: Any) -> tuple[str, str] | None:
        """Add a piece; gives its kind and text where it can be shown at once."""
        if isinstance(part, vscode.LanguageModelTextPart):
            self._last("text", "text")["text"] += part.value
            return "text", part.value
        if isinstance(part, vscode.LanguageModelThinkingPart):
            if part.redacted:
                self.blocks.append({"type": "redacted_thinking", "data": part.id})
                return None
            block = self._last("thinking", "thinking")
            block["thinking"] += part.value
            block["signature"] = part.id or block.get("signature", "")
            return "thinking", part.value
        if isinstance(part, vscode.LanguageModelToolCallPart):
            taken = {one["id"] for one in self.calls}
            more = (f"{part.call_id}-{number}" for number in range(1, len(taken) + 2))
            call_id = next(one for one in (part.call_id, *more) if one and one not in taken)  # results name their call
            self.blocks.append({"type": "tool_use", "id": call_id, "name": part.name, "input": part.input})
        elif isinstance(part, vscode.LanguageModelUsagePart):
            self.usage = part
        return None

    def _last(self, kind: str, name: str) -> Json:
        if not self.blocks or self.blocks[-1]["type"] != kind:
            self.blocks.append({"type": kind, name: ""})
        return self.blocks[-1]

    @property
    def kept(self) -> list[Json]:
        """The blocks as they are sent back: thinking only where it is signed, and something that was said."""
        kept = [
            one
            for one in self.blocks
            if (one["type"] != "text" or one["text"].strip()) and (one["type"] != "thinking" or one.get("signature"))
        ]
        has_said = any(one["type"] in ("text", "tool_use") for one in kept)
        return kept if has_said else [*kept, {"type": "text", "text": "…"}]


def charge(draft: Draft, usage: vscode.LanguageModelUsagePart | None) -> None:
    """Count a request and what it took."""
    task = draft.task
    draft.change(requests=task.requests + 1)
    if usage is None:
        return
    draft.change(
        input=task.input + usage.input,
        output=task.output + usage.output,
        cache_read=task.cache_read + usage.cache_read,
        cache_write=task.cache_write + usage.cache_write,
        context_tokens=usage.input + usage.output,
        cost=None if usage.cost is None or task.cost is None else task.cost + usage.cost,
        spent=task.spent + (usage.cost or 0.0),
    )
