"""A session's models for tests of what stands above the pool: one provider, asked at once, with the real ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from host.demo.model import MODEL, Demo
from host.ledger import Ledger
from sessions.context import SessionContext
from sessions.errors import LanguageModelError
from sessions.models import Finished, Item, Message, Model, Outcome, Price, Request, Usage


class OneModel:
    """The demo model, at a price: a dollar for a word."""

    def __init__(self, ledger: Ledger, price: Price | None = None, pace_s: float = 0) -> None:
        self.ledger = ledger
        self.model = replace(MODEL, price=price or MODEL.price)
        self.demo = Demo(pace_s)
        self.running = 0

    async def models(self, session: SessionContext) -> Sequence[Model]:
        return [self.model]

    @asynccontextmanager
    async def stream(self, session: SessionContext, request: Request) -> AsyncIterator[AsyncIterator[Item]]:
        worst = Usage(output=request.max_output_tokens or self.model.max_output_tokens)
        reservation = await self.ledger.reserve(session, request, self.model, worst)
        took: list[Usage] = []
        outcome: Outcome = "cancelled"
        self.running += 1
        try:
            yield self._items(request, took)
            outcome = "finished" if took else "cancelled"
        except LanguageModelError:
            outcome = "cut"
            raise
        finally:
            self.running -= 1
            await reservation.settle(took[0] if took else Usage(), outcome)

    async def _items(self, request: Request, took: list[Usage]) -> AsyncIterator[Item]:
        async for item in self.demo.stream(None, self.model, request):
            if isinstance(item, Finished):
                took.append(replace(item.usage, input=0))
                yield replace(item, usage=took[0], cost=float(item.usage.output))
                return
            yield item
            if request.options.get("stop") == "cut":
                raise LanguageModelError("the provider broke off", "Cut")

    async def count(self, session: SessionContext, model: str, content: str | Message) -> int:
        return 1

    def listen(self, session: SessionContext, changed: Callable[[], None]) -> Callable[[], None]:
        return lambda: None
