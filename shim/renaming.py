"""Renaming what stands at a place, as VS Code does it: each provider has its say, until one can. It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shim.cancellation import CancellationToken
from shim.contexts import RenameLocation
from shim.edits import WorkspaceEdit
from shim.features import Features, Offer, ProviderFailed
from shim.ranges import Position, Range

if TYPE_CHECKING:
    from sessions.context import SessionContext

NOTHING = "nothing can be renamed there"


class Prepared(NamedTuple):
    """What would be renamed, by a provider's word, and who is asked for it from then on; or why some would not."""

    place: RenameLocation | None
    offers: Sequence[Offer]
    reasons: list[str]


async def _prepared(
    session: SessionContext, document: Any, position: Position, token: CancellationToken | None
) -> Prepared:
    """Ask who prepares a renaming. From one on who does not, there is nobody to ask."""
    features, reasons = session.get(Features), list[str]()
    offers = features.offers("rename", document)
    for at, offer in enumerate(offers):
        if not hasattr(offer.provider, "prepare_rename"):
            break
        try:
            answer = await features.one(offer, "prepare_rename", document, position, token=token, strict=True)
        except ProviderFailed as error:
            reasons.append(str(error))
            continue
        found = _location(answer, document)
        if found is not None and found.range.start.line <= position.line <= found.range.end.line:
            return Prepared(found, offers[at:], [])
    return Prepared(None, offers, reasons)


def _location(answer: Any, document: Any) -> RenameLocation | None:
    if isinstance(answer, Range):
        return RenameLocation(answer, document.get_text(answer))
    found = RenameLocation(**answer) if isinstance(answer, Mapping) else answer
    return found if isinstance(found, RenameLocation) else None


async def location(
    session: SessionContext, document: Any, position: Position, token: CancellationToken | None = None
) -> RenameLocation:
    """What would be renamed there. Raises `ProviderFailed` where nothing can be, with the providers' reasons."""
    place, offers, reasons = await _prepared(session, document, position, token)
    if place is not None:
        return place
    word = document.get_word_range_at_position(position)
    if reasons or word is None or not offers:
        raise ProviderFailed("\n".join(reasons) or NOTHING)
    return RenameLocation(word, document.get_text(word))


async def rename(
    session: SessionContext, document: Any, position: Position, new_name: str, token: CancellationToken | None = None
) -> WorkspaceEdit | None:
    """The edit that renames what is there. Raises `ProviderFailed` with the providers' reasons where it may not be."""
    place, offers, reasons = await _prepared(session, document, position, token)
    if place is None and reasons:
        raise ProviderFailed("\n".join(reasons))
    features = session.get(Features)
    for offer in offers:
        try:
            answer = await features.one(
                offer, "provide_rename_edits", document, position, new_name, token=token, strict=True
            )
        except ProviderFailed as error:
            reasons.append(str(error))
            continue
        if isinstance(answer, WorkspaceEdit):
            return answer
    if reasons:
        raise ProviderFailed("\n".join(reasons))
    return None
