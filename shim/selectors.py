"""Document selectors: for which documents a language provider is meant. It scores, and knows no provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import Any, Protocol, TypeAlias

from sessions.errors import InvalidValue
from sessions.globs import compiled
from shim.types import RelativePattern
from shim.uri import Uri
from shim.values import Value, value

BEST = 10
"""The score of what was named exactly."""

ANY = 5
"""The score of `*`."""

GlobPattern: TypeAlias = str | RelativePattern


class Selectable(Protocol):
    """A document, as far as selecting goes."""

    @property
    def uri(self) -> Uri: ...
    @property
    def language_id(self) -> str: ...


@value
class DocumentFilter(Value):
    """What a document must be, in all that is given: a mapping of the same words will do in its place."""

    language: str | None = None
    scheme: str | None = None
    pattern: GlobPattern | None = None
    notebook_type: str | None = None


DocumentSelector: TypeAlias = (
    str | DocumentFilter | Mapping[str, Any] | Sequence[str | DocumentFilter | Mapping[str, Any]]
)


def score(selector: object, document: Selectable) -> int:
    """How well a selector fits, 0 where it does not: 10 for exact words, 5 for `*`, the best of a list."""
    if isinstance(selector, str):
        return _word(selector, document.language_id)
    if isinstance(selector, Sequence):
        return max((score(one, document) for one in selector), default=0)
    return _filtered(as_filter(selector), document)


def checked(selector: Any) -> Any:
    """A selector as it may be kept: it scores, whatever happens to what was given. Raises `InvalidValue`."""
    if isinstance(selector, str):
        return selector
    if isinstance(selector, Sequence):
        return tuple(checked(one) for one in selector)
    return as_filter(selector)


def as_filter(given: object) -> DocumentFilter:
    """A filter, or the words of one."""
    if isinstance(given, DocumentFilter):
        return given
    if isinstance(given, Mapping):
        words = {"notebook_type" if key == "notebookType" else key: one for key, one in given.items()}
        if unknown := [key for key in words if key not in DocumentFilter._fields]:
            raise InvalidValue("selector", f"has no {unknown[0]!r}; a filter has language, scheme and pattern")
        return DocumentFilter(**words)
    raise InvalidValue("selector", f"must be a language, a filter, or a list of those, not {type(given).__name__}")


def _filtered(filter: DocumentFilter, document: Selectable) -> int:
    if filter.notebook_type is not None:
        return 0  # no document here is a notebook's cell
    found = 0
    for wanted, has in ((filter.scheme, document.uri.scheme), (filter.language, document.language_id)):
        if wanted is not None:
            this = _word(wanted, has)
            if not this:
                return 0
            found = max(found, this)
    if filter.pattern is not None:
        found = BEST if matches(filter.pattern, document.uri.fs_path) else 0
    return found


def _word(wanted: str, has: str) -> int:
    return BEST if wanted == has else ANY if wanted == "*" else 0


def matches(pattern: GlobPattern, path: str) -> bool:
    """Whether a path is meant by a glob pattern: by the whole of it, or by what is below the pattern's base."""
    if isinstance(pattern, str):
        return pattern == path or compiled(pattern).fullmatch(path) is not None
    base = normpath(pattern.base).rstrip("/") + "/"
    return path.startswith(base) and compiled(pattern.pattern).fullmatch(path[len(base) :]) is not None
