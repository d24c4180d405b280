"""Whether a conversation still fits its model, and what is done where it does not: condense it, or hide its middle.

Nothing is deleted: messages are hidden by tags, as `history` reads them. The engine keeps what comes back.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shim as vscode
from extensions.coder.condensing import CannotCondense, Condensed
from extensions.coder.history import Message, effective
from extensions.coder.tokens import counted, of_messages

SPARE = 0.1
"""Of the window stays free: counts are estimates."""

RESERVED = 0.2
"""Of the window is kept for the answer at most."""

HIDDEN = 0.5
"""Of the messages after the first are hidden when a conversation is cut."""

FORCED = 0.75
"""What a conversation is brought down to when a provider says that it is too long."""

LOWEST, HIGHEST = 5, 100
INHERIT = -1

Condense = Callable[[list[Message]], Awaitable[Condensed]]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens a model takes, and when a conversation is condensed."""

    window: int
    reserved: int
    threshold: int = HIGHEST
    """Percent of the window."""
    condenses: bool = True
    """Whether it is condensed at all, or only cut."""

    @property
    def allowed(self) -> int:
        """Tokens beyond which it has to shrink."""
        return max(1, int(self.window * (1 - SPARE)) - self.reserved)

    def is_over(self, tokens: int) -> bool:
        """Whether it has to shrink, or the user wants it to."""
        return tokens > self.allowed or (self.condenses and tokens * 100 >= self.threshold * self.window)


@dataclass(frozen=True, slots=True)
class Cut:
    """Messages were hidden without a summary; `reason` says why there is none."""

    truncation_id: str
    hidden: int
    reason: str


@dataclass(frozen=True, slots=True)
class Fit:
    """A conversation that fits: `messages` are all there are, to be kept; `sent` those that count now."""

    messages: list[Message]
    before: int
    after: int
    condensed: Condensed | None = None
    cut: Cut | None = None

    @property
    def sent(self) -> list[Message]:
        return effective(self.messages)

    @property
    def has_changed(self) -> bool:
        return self.condensed is not None or self.cut is not None


def budget_of(model: vscode.LanguageModelChat) -> Budget:
    """A model's budget, by the user's settings: `condense.threshold`, and `modelOverrides` for one model."""
    settings = vscode.workspace.get_configuration("coder")
    window = model.max_input_tokens
    reserved = min(model.max_output_tokens, int(window * RESERVED))
    overrides = settings.get("modelOverrides")
    own = overrides.get(model.id) if isinstance(overrides, Mapping) else None
    wanted = own.get("condenseThreshold", INHERIT) if isinstance(own, Mapping) else INHERIT
    threshold = _percent(wanted) or _percent(settings.get("condense.threshold")) or HIGHEST
    return Budget(window, reserved, threshold, settings.get("condense.enabled") is not False)


def _percent(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LOWEST <= value <= HIGHEST:
        return None
    return int(value)


def tokens_now(messages: Sequence[Message], *, known: int = 0, since: int = 0, prompt: int = 0) -> int:
    """About how many tokens the next request has.

    `known` are those of the last request and its answer as the provider counted them, which the first `since` of the
    messages that count were part of. Where nothing is known all is estimated, and the system `prompt` is added.
    """
    if known:
        return known + of_messages(messages[since:])
    return prompt + of_messages(messages)


async def tokens_counted(
    messages: list[Message], model: vscode.LanguageModelChat, budget: Budget, *, prompt: int = 0
) -> int:
    """About how many tokens the next request has, where none has told yet: the model counts if it may be tight."""
    return prompt + await counted(effective(messages), model, budget.allowed - prompt)


async def fit(messages: list[Message], budget: Budget, tokens: int, condense: Condense | None = None) -> Fit:
    """The conversation as it is where it fits, else condensed, else cut. `tokens` are those of what counts now."""
    if not budget.is_over(tokens):
        return Fit(messages, tokens, tokens)
    condensed, now, reason = None, tokens, "condensing is turned off"
    if condense is not None and budget.condenses:
        try:
            condensed = await condense(messages)
        except CannotCondense as error:
            reason = str(error)
        else:
            now, reason = _after(tokens, messages, condensed.messages), "the summary alone is too long"
            messages = condensed.messages
    if now <= budget.allowed:  # where there is no summary, only the user's threshold is passed: it is tried again
        return Fit(messages, tokens, now, condensed)
    return _cut(messages, tokens, now, budget.allowed, condensed, reason)


async def reduced(messages: list[Message], budget: Budget, tokens: int, condense: Condense | None = None) -> Fit:
    """The conversation after a provider said that it is too long: at most 75 % of what it was, whatever was counted."""
    tokens = max(tokens, of_messages(effective(messages)))
    wanted = max(1, int(min(tokens, budget.window) * FORCED))
    forced = Budget(budget.window, budget.window - int(budget.window * SPARE) - wanted, 100, budget.condenses)
    return await fit(messages, forced, max(tokens, wanted + 1), condense)


def _cut(messages: list[Message], before: int, now: int, allowed: int, condensed: Condensed | None, reason: str) -> Fit:
    """Hide the older half of what is behind the first message, and again until it fits or nothing is left to hide."""
    cut = None
    while now > allowed and (again := truncated(messages)) is not None:
        now = _after(now, messages, again[0])
        messages = again[0]
        cut = Cut(again[1].truncation_id, again[1].hidden + (cut.hidden if cut else 0), reason)
    return Fit(messages, before, now, condensed, cut)


def _after(tokens: int, before: list[Message], after: list[Message]) -> int:
    """The tokens of a changed conversation: what was not its messages' stays."""
    shown = of_messages(effective(before))
    return max(0, tokens - shown) + min(tokens, of_messages(effective(after)))


def truncated(messages: list[Message], part: float = HIDDEN) -> tuple[list[Message], Cut] | None:
    """Hide a part of the messages that count, from behind the first on, in pairs; None where there are too few."""
    shown = [at for at, one in enumerate(messages) if _counts(one)]
    behind = shown[1:]
    count = math.floor(len(behind) * part) // 2 * 2
    if count < 2:
        return None
    key = str(uuid.uuid4())
    hidden = set(behind[:count])
    tagged = [{**one, "truncationParent": key} if at in hidden else one for at, one in enumerate(messages)]
    text = f"[The {count} messages that stood here were hidden: the conversation had become too long for the model.]"
    first_kept = behind[count]
    marker: Message = {"role": "user", "content": text, "isTruncationMarker": True, "truncationId": key}
    if "ts" in messages[first_kept]:
        marker["ts"] = messages[first_kept]["ts"] - 1
    return [*tagged[:first_kept], marker, *tagged[first_kept:]], Cut(key, count, "")


def _counts(message: Message) -> bool:
    return not any(message.get(tag) for tag in ("truncationParent", "condenseParent", "isTruncationMarker"))
