"""The language providers of one user, and asking them: each in limited time, as its own extension. No document is kept.

What a provider raises, and that it takes too long, is told to the log and to its user by name; those who asked get the
answers of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.cancellation import CancellationError, CancellationToken, CancellationTokenSource
from shim.events import Disposable
from shim.selectors import DocumentSelector, Selectable, checked, score
from shim.thenable import called
from shim.values import camel_case

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.languages")

MOST = 1_000
"""Providers of one user for one feature."""

LIMIT_S = 10.0
"""How long a provider may take for one answer."""

LARGEST = 20_000
"""Items of one provider's answer; those after them are left out."""

FAILED = "languages.onDidFailProvider"
"""The event that tells a user of a provider without an answer: `{feature, extension, message}`."""

CHANGES = {
    "code_lens": "on_did_change_code_lenses",
    "folding": "on_did_change_folding_ranges",
    "inlay_hint": "on_did_change_inlay_hints",
    "range_tokens": "on_did_change_semantic_tokens",
    "tokens": "on_did_change_semantic_tokens",
}
"""The events of providers who say that their answers are others now. A constant."""

CHANGED = "languages.onDidChangeProvider"
"""The event that tells clients to ask again: `{feature}`."""


class ProviderFailed(RoostError):
    """A provider that somebody waits for has raised; its text is the provider's."""


class Offer(NamedTuple):
    """One registered provider: for which documents, whose it is, and what it said of itself."""

    provider: Any
    selector: Any
    extension: str | None
    more: Mapping[str, Any]


class Features:
    """One user's providers by feature, such as `hover`."""

    __slots__ = ("_offers", "_session", "limit_s")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._offers: dict[str, list[Offer]] = {}
        self.limit_s = LIMIT_S

    # -- who offers what

    def add(
        self, feature: str, method: str, provider: Any, selector: DocumentSelector | None, **more: Any
    ) -> Disposable:
        """Let `provider` answer for the documents of `selector` (None: for all) until this is disposed of."""
        if not callable(getattr(provider, method, None)):
            raise InvalidValue("provider", f"must have a method {method}, and {type(provider).__name__} has none")
        offers = self._offers.setdefault(feature, [])
        if len(offers) >= MOST:
            raise InvalidValue("provider", f"{MOST} are registered for {feature} already; dispose of some first")
        kept = None if selector is None else checked(selector)
        offer = Offer(provider, kept, current_extension(), more)
        offers.append(offer)
        event = getattr(provider, CHANGES.get(feature, ""), None)
        heard = event(lambda _: self._post(CHANGED, {"feature": camel_case(feature)})) if event is not None else None
        return Disposable.from_(heard, Disposable(lambda: self._remove(feature, offer)))

    def _remove(self, feature: str, offer: Offer) -> None:
        offers = self._offers.get(feature, [])
        offers[:] = [one for one in offers if one is not offer]

    def forget_extension(self, extension: str) -> None:
        """It is gone, with every provider that it did not dispose of."""
        for offers in self._offers.values():
            offers[:] = [one for one in offers if one.extension != extension]

    def offers(self, feature: str, document: Selectable | None) -> list[Offer]:
        """Who may answer for a document: the best fitting first, and of those that fit alike the newest."""
        return [offer for _, offer in self._scored(feature, document)]

    def _scored(self, feature: str, document: Selectable | None) -> list[tuple[int, Offer]]:
        offers = reversed(self._offers.get(feature, []))
        if document is None:
            return [(1, offer) for offer in offers]
        found = [(score(offer.selector, document), offer) for offer in offers]
        return sorted((one for one in found if one[0]), key=lambda one: -one[0])

    # -- asking them

    async def all(
        self,
        feature: str,
        document: Selectable | None,
        method: str,
        *arguments: Any,
        token: CancellationToken | None = None,
        only: Callable[[Offer], bool] | None = None,
    ) -> list[tuple[Offer, Any]]:
        """Everybody's answer, the best fitting first, without those who have none.

        `arguments` are what the method gets, a token after them: or where `...` stands among them.
        """
        offers = [offer for offer in self.offers(feature, document) if only is None or only(offer)]
        return await self._ask(offers, method, arguments, token)

    async def best(
        self,
        feature: str,
        document: Selectable,
        method: str,
        *arguments: Any,
        token: CancellationToken | None = None,
        only: Callable[[Offer], bool] | None = None,
        kinds: tuple[type[Any], ...] = (object,),
    ) -> list[tuple[Offer, Any]]:
        """The answers of those that fit best and have any of `kinds`: where they all have none, the next are asked."""
        for _, group in groupby(self._scored(feature, document), key=lambda one: one[0]):
            offers = [offer for _, offer in group if only is None or only(offer)]
            found = await self._ask(offers, method, arguments, token)
            if any(items(answer, *kinds) for _, answer in found):
                return found
        return []

    async def first(
        self,
        feature: str,
        document: Selectable,
        method: str,
        *arguments: Any,
        token: CancellationToken | None = None,
        kinds: tuple[type[Any], ...] = (object,),
    ) -> tuple[Offer, Any] | None:
        """The first answer with something of `kinds` in it, one provider after the other."""
        for offer in self.offers(feature, document):
            found = await self._ask([offer], method, arguments, token)
            if found and items(found[0][1], *kinds):
                return found[0]
        return None

    async def one(
        self,
        offer: Offer,
        method: str,
        *arguments: Any,
        token: CancellationToken | None = None,
        strict: bool = False,
    ) -> Any:
        """The answer of one provider, None where it has none or no such method."""
        found = await self._ask([offer], method, arguments, token, strict)
        return found[0][1] if found else None

    async def _ask(
        self,
        offers: Sequence[Offer],
        method: str,
        arguments: Sequence[Any],
        token: CancellationToken | None,
        strict: bool = False,
    ) -> list[tuple[Offer, Any]]:
        able = [offer for offer in offers if hasattr(offer.provider, method)]
        if not able or (token is not None and token.is_cancellation_requested):
            return []
        source = CancellationTokenSource(token)
        works = [self._begin(offer, method, arguments, source.token) for offer in able]
        undo = source.token.on_cancellation_requested(lambda _: [work.cancel() for work in works])
        try:
            _, late = await asyncio.wait(works, timeout=self.limit_s)
        finally:
            if not all(work.done() for work in works):
                source.cancel()
            undo.dispose()
            source.dispose()
        if token is not None and token.is_cancellation_requested:
            return []
        return list(self._answers(able, works, late, method, strict))

    def _begin(
        self, offer: Offer, method: str, arguments: Sequence[Any], token: CancellationToken
    ) -> asyncio.Future[Any]:
        given = [token if one is ... else one for one in arguments]
        work = called(getattr(offer.provider, method), *given, *(() if ... in arguments else (token,)))
        return self._session.promise(work, f"{method} of {offer.extension}", offer.extension)

    def _answers(
        self,
        offers: Sequence[Offer],
        works: Sequence[asyncio.Future[Any]],
        late: Collection[asyncio.Future[Any]],
        method: str,
        strict: bool,
    ) -> Iterator[tuple[Offer, Any]]:
        for offer, work in zip(offers, works, strict=True):
            if work in late:
                self._failed(offer, method, f"no answer within {self.limit_s:g} s", None)
            elif work.cancelled():
                continue
            elif (error := work.exception()) is not None:
                self._raised(offer, method, error, strict)
            elif work.result() is not None:
                yield offer, work.result()

    def _raised(self, offer: Offer, method: str, error: BaseException, strict: bool) -> None:
        if isinstance(error, CancellationError):
            return
        message = str(error) or type(error).__name__
        if strict:
            raise ProviderFailed(message[:2_000]) from error
        self._failed(offer, method, f"{type(error).__name__}: {error}"[:1_000], error)

    def _failed(self, offer: Offer, method: str, message: str, error: BaseException | None) -> None:
        log.warning("%s of extension %s has no answer: %s", method, offer.extension, message, exc_info=error)
        self._post(FAILED, {"feature": method, "extension": offer.extension, "message": message})

    def _post(self, type: str, told: dict[str, Any]) -> None:
        with suppress(RoostError):  # a session that ends, or a mailbox that takes nothing more
            self._session.mailbox.post(type, told)


def items(answer: object, *kinds: type[Any]) -> list[Any]:
    """What a provider answered, as a list of what was asked for; what is something else is left out."""
    many = answer if isinstance(answer, list | tuple) else getattr(answer, "items", None)
    given = many if isinstance(many, list | tuple) else [answer]
    return [one for one in given[:LARGEST] if isinstance(one, kinds)]
