"""What is wrong with one user's files, as all their extensions say it: collections of diagnostics, and who hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.diagnostics import Diagnostic
from shim.events import EventEmitter, HasEvents
from shim.uri import Uri, as_uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 100_000
"""Diagnostics of one user."""

TOLD = 1_000
"""Files that one event names, and diagnostics of a file that clients are told."""

CHANGED = "languages.onDidChangeDiagnostics"
"""The event that tells clients whose diagnostics to ask for: `{uris}`; `more` where there are others besides."""


Kept: TypeAlias = tuple[Uri, tuple[Diagnostic, ...]]
Said: TypeAlias = tuple[Uri, tuple[Diagnostic, ...] | None]
"""What a collection is to say of a resource; None is nothing any more."""


class Disposed(RoostError):
    """A collection was used after it was disposed of."""


@readonly
class DiagnosticChangeEvent(Value):
    """The diagnostics of these resources have changed."""

    uris: Sequence[Uri]


class DiagnosticCollection:
    """The diagnostics of one source, by resource; iterating gives pairs of a resource and its diagnostics."""

    __slots__ = ("_name", "_of", "_problems", "extension")

    def __init__(self, problems: Problems, name: str) -> None:
        self._problems = problems
        self._of: dict[str, Kept] | None = {}
        self._name = name
        self.extension = current_extension()

    @property
    def name(self) -> str:
        self._data  # noqa: B018  raises where it is disposed of
        return self._name

    @property
    def _data(self) -> dict[str, Kept]:
        if self._of is None:
            raise Disposed(f"the diagnostic collection '{self._name}' is disposed of; make a new one")
        return self._of

    def set(
        self,
        uri: Uri | Iterable[tuple[Uri, Sequence[Diagnostic] | None]] | None,
        diagnostics: Sequence[Diagnostic] | None = None,
    ) -> None:
        """Say what is wrong with a resource in place of what was; with pairs of many. None takes it back.

        Of several pairs with one resource all diagnostics count, from the last None on.
        """
        if uri is None:
            self.clear()
        elif isinstance(uri, Uri):
            self._replace({str(uri): (uri, _checked(diagnostics))})
        else:
            self._replace(_merged(uri))

    def _replace(self, new: Mapping[str, Said]) -> None:
        data = self._data
        growth = sum(_weight(said) - _weight(data.get(key)) for key, said in new.items())
        self._problems.grow(growth)
        for key, (uri, these) in new.items():
            data.pop(key, None)
            if these is not None:
                data[key] = (uri, these)
        self._problems.tell(uri for uri, _ in new.values())

    def delete(self, uri: Uri) -> None:
        """Nothing is wrong with a resource any more."""
        self._replace({str(uri): (as_uri(uri, "uri"), None)})

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self._replace({key: (uri, None) for key, (uri, _) in self._data.items()})

    def for_each(self, callback: Callable[[Uri, Sequence[Diagnostic], DiagnosticCollection], object]) -> None:
        """Call `callback(uri, diagnostics, collection)` for each resource."""
        for uri, diagnostics in self:
            callback(uri, diagnostics, self)

    def __iter__(self) -> Iterator[tuple[Uri, Sequence[Diagnostic]]]:
        return iter(list(self._data.values()))

    def get(self, uri: Uri) -> Sequence[Diagnostic]:
        """What is wrong with a resource; it cannot be changed."""
        found = self._data.get(str(uri))
        return found[1] if found else ()

    def has(self, uri: Uri) -> bool:
        """Whether anything is said of a resource, be it that nothing is wrong."""
        return str(uri) in self._data

    def dispose(self) -> None:
        """Take all back. It cannot be used any more."""
        if self._of is not None:
            self.clear()
            self._of = None
            self._problems.drop(self)


class Problems(HasEvents):
    """One user's diagnostics, of all collections."""

    __slots__ = ("_changed", "_collections", "_count", "_session", "changed")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._collections: list[DiagnosticCollection] = []
        self._count = 0
        self._changed: dict[str, Uri] = {}
        self.changed = EventEmitter[DiagnosticChangeEvent]()

    def create(self, name: str | None = None) -> DiagnosticCollection:
        """A new, empty collection."""
        made = DiagnosticCollection(self, str(name or "_generated_diagnostic_collection_name"))
        self._collections.append(made)
        return made

    def drop(self, collection: DiagnosticCollection) -> None:
        """A collection is no more."""
        if collection in self._collections:
            self._collections.remove(collection)

    def forget_extension(self, extension: str) -> None:
        """It is gone, with what it said."""
        for collection in [one for one in self._collections if one.extension == extension]:
            collection.dispose()
        super().forget_extension(extension)

    def grow(self, by: int) -> None:
        """Count what is added. Raises `InvalidValue` where it is too much."""
        if by > 0 and self._count + by > MOST:
            raise InvalidValue("diagnostics", f"may be {MOST} of all collections together; say the worst of them only")
        self._count += by

    def of(self, uri: Uri) -> list[Diagnostic]:
        """What all collections say of a resource."""
        return [one for collection in self._collections for one in collection.get(uri)]

    def all(self) -> list[tuple[Uri, list[Diagnostic]]]:
        """What they say of each resource."""
        found: dict[str, tuple[Uri, list[Diagnostic]]] = {}
        for collection in self._collections:
            for uri, these in collection:
                found.setdefault(str(uri), (uri, []))[1].extend(these)
        return list(found.values())

    def tell(self, uris: Iterable[Uri]) -> None:
        """Say in the loop's next round which resources have changed, all that have until then at once."""
        first = not self._changed
        self._changed.update((str(uri), uri) for uri in uris)
        if first and self._changed:
            asyncio.get_running_loop().call_soon(self._fire)

    def _fire(self) -> None:
        uris, self._changed = tuple(self._changed.values()), {}
        if self._session.closing:
            return
        told: dict[str, Any] = {"uris": [str(uri) for uri in uris[:TOLD]]}
        with suppress(RoostError):  # a mailbox that takes nothing more: clients ask again when they come back
            self._session.mailbox.post(CHANGED, told | ({"more": True} if len(uris) > TOLD else {}))
        self.changed.fire(DiagnosticChangeEvent(uris))


def _weight(said: Said | None) -> int:
    """What it counts: that nothing is wrong is said as well."""
    return 0 if said is None or said[1] is None else max(1, len(said[1]))


def _checked(diagnostics: Sequence[Diagnostic | None] | None) -> tuple[Diagnostic, ...] | None:
    if diagnostics is None:
        return None
    for one in diagnostics:
        if one is not None and not isinstance(one, Diagnostic):
            raise InvalidValue("diagnostics", f"must be Diagnostics, not {type(one).__name__}")
    return tuple(one for one in diagnostics if one is not None)


def _merged(pairs: Iterable[tuple[Uri, Sequence[Diagnostic] | None]]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for uri, diagnostics in pairs:
        these, before = _checked(diagnostics), found.get(str(as_uri(uri, "uri")))
        if these is not None and before is not None and before[1] is not None:
            these = before[1] + these
        found[str(uri)] = (uri, these)
    return found
