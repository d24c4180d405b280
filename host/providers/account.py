"""As whom a provider is asked, and what every provider must do. Nothing here sends anything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from sessions.models import Finished, Model, Request, Text, Thinking, ToolCall, Usage

Piece: TypeAlias = Text | Thinking | Usage | ToolCall | Finished
"""What a provider gives: text and thinking as they come, tool calls once they are whole, at the end `Finished`.

`Usage` is what it says that all so far took: what counts where the answer is cut after it.
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One provider as one user may use it: the user's own key and address, or the host's."""

    provider: str
    """The id in `ai_providers`, or the user's own; the `vendor` of its models."""
    kind: str
    base_url: str | None = None
    """None: the provider's own address."""
    key: str | None = field(default=None, repr=False)
    owner: str | None = None
    """The uid whose key and address these are; None: the operator's."""
    guarded: bool = False
    """The address is a user's word: only public ones are connected to."""
    models: tuple[str, ...] = ()
    """The names of the models that may be asked; empty: all that the provider names."""


class Provider(Protocol):
    """One vendor's API."""

    async def models(self, account: Account) -> Sequence[Model]:
        """The models there are. Raises `LanguageModelError`."""

    def stream(self, account: Account, model: Model, request: Request) -> AsyncIterator[Piece]:
        """Ask once, without trying again. Raises `LanguageModelError`, or `InvalidValue` for a bad option.

        It is closed (`aclose`) when it is not wanted any more, and then lets go of its connection at once.
        """
