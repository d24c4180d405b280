"""What a user's clients show for extensions: pieces, told as they change and whole to who comes later. No drawing."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, QuotaExceeded, RoostError
from sessions.jsontext import Json
from shim.questions import shown
from shim.types import Command
from shim.uri import Uri
from shim.values import Value, camel_case

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

T = TypeVar("T")
P = TypeVar("P", bound="Piece")

CHANGED = "window.onDidChangeSurface"
"""The event of a change of one piece, `{kind, handle}` with `state`: all of it, null once it is gone or hidden; or with
`changes`: the attributes that are other than before, null where one is not there any more."""

REVEALED = "window.onDidReveal"
"""The event of an extension that wants a piece looked at: `{kind, handle, ...}`."""

TOGETHER_S = 0.03
"""Changes that follow each other within this are told as one."""

MOST = 2_000
"""Pieces of one user."""

LARGEST = 900 * 1024
"""Bytes of JSON of one piece."""

ALL = 8 << 20
"""Bytes of JSON of all pieces of one user together."""


NULL = Json(b"null")
UNTOLD = (RoostError, RecursionError, TypeError, ValueError)
"""Why a piece cannot be told: there is no room, or no JSON that says it."""


class Piece:
    """Something that clients show for an extension: its `state()` is told when `changed()` says so.

    A kind's attributes that clients see are `Shown`; all that the wire knows a piece by is its kind and its handle.
    """

    __slots__ = ("__weakref__", "_surface", "_values", "extension", "handle", "told")

    kind: ClassVar[str]
    seen: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        """Of the current user and extension. Raises `QuotaExceeded` where the user has too many pieces."""
        self.extension = current_extension()
        """Whose it is: the id of an extension, or None."""
        self._values: dict[str, Any] = {}
        self.told: dict[str, Json] | None = None
        """The state that clients know, each attribute as JSON."""
        self._surface = current_session().get(Surface)
        self.handle = self._surface.add(self)
        """Names the piece on the wire; unique among the pieces of its user."""

    def state(self) -> Mapping[str, Any] | None:
        """What clients are told; None while there is nothing to show."""
        return self.attributes()

    def attributes(self) -> dict[str, Any]:
        """What is `Shown` and not None."""
        return {camel_case(name): self._values[name] for name in self.seen if self._values.get(name) is not None}

    def changed(self) -> None:
        """Tell the clients soon."""
        self._surface.change(self)

    @property
    def disposed(self) -> bool:
        """Whether it is gone for good."""
        return not self._surface.has(self)

    def dispose(self) -> None:
        """Show it no more; what is set on it afterwards reaches nobody."""
        self._surface.remove(self)


class Shown(Generic[T]):
    """An attribute of a piece that clients see: setting it tells them. `taken` may take something else for a value."""

    def __init__(self, default: T, taken: Callable[[T], T] | None = None) -> None:
        self._default = default
        self._taken = taken
        self._name = ""

    def __set_name__(self, owner: type[Piece], name: str) -> None:
        self._name = name
        owner.seen = (*owner.seen, name)

    @overload
    def __get__(self, piece: None, owner: type[Piece]) -> Shown[T]: ...

    @overload
    def __get__(self, piece: Piece, owner: type[Piece]) -> T: ...

    def __get__(self, piece: Piece | None, owner: type[Piece]) -> Shown[T] | T:
        if piece is None:
            return self
        value: T = piece._values.get(self._name, self._default)
        return value

    def __set__(self, piece: Piece, value: T) -> None:
        piece._values[self._name] = value if self._taken is None else self._taken(value)
        piece.changed()


class Surface:
    """The pieces of one user, in the order of their making."""

    __slots__ = ("_changed", "_last", "_number", "_pieces", "_session", "_size", "_timer")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._pieces: dict[str, Piece] = {}
        self._changed: dict[str, Piece] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._number = secrets.randbelow(1 << 40)  # what is said of a piece of an earlier life means none of this one
        self._size = 0
        self._last = -math.inf

    def add(self, piece: Piece) -> str:
        """Take in a piece, and give its handle."""
        if len(self._pieces) >= MOST:
            raise QuotaExceeded("pieces", MOST, len(self._pieces), "dispose of items, channels or views first")
        self._number += 1
        handle = str(self._number)
        self._pieces[handle] = piece
        return handle

    def has(self, piece: Piece) -> bool:
        return self._pieces.get(piece.handle) is piece

    def find(self, kind: type[P], handle: str) -> P:
        """The piece of this kind and handle; raises `InvalidValue` where there is none."""
        found = self.find_of((kind,), handle)
        assert isinstance(found, kind)
        return found

    def find_of(self, kinds: tuple[type[Piece], ...], handle: str) -> Piece:
        """The piece of one of these kinds and of this handle; raises `InvalidValue` where there is none."""
        found = self._pieces.get(handle)
        if found is None or not isinstance(found, kinds):
            named = " or ".join(kind.kind for kind in kinds)
            raise InvalidValue("handle", f"names no {named} of this user; `window.surface` lists what there is")
        return found

    def all(self, kind: type[P]) -> list[P]:
        """The pieces of a kind, oldest first."""
        return [piece for piece in self._pieces.values() if isinstance(piece, kind)]

    def change(self, piece: Piece) -> None:
        """Tell soon what a piece is like now; changes that follow each other fast are told as one."""
        if not self.has(piece):
            return
        self._changed[piece.handle] = piece
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._last + TOGETHER_S - loop.time())
            self._timer = loop.call_later(wait, self.flush, context=self._session.context.copy())

    def remove(self, piece: Piece) -> None:
        """Forget a piece; clients that know it are told so."""
        if self._pieces.pop(piece.handle, None) is not None:
            self._changed.pop(piece.handle, None)
            self._note(piece, None)

    def reveal(self, piece: Piece, **how: Any) -> None:
        """Ask the clients to let the user see a piece."""
        if self.has(piece):
            self.post(REVEALED, {"kind": piece.kind, "handle": piece.handle, **plain(how)})

    def snapshot(self) -> list[tuple[Piece, dict[str, Json]]]:
        """All that clients should show now, oldest first: each piece with its attributes as JSON."""
        self.flush()
        return [(piece, piece.told) for piece in self._pieces.values() if piece.told is not None]

    def forget_extension(self, extension: str) -> None:
        """Dispose of all that an extension left: it is gone."""
        for piece in [one for one in self._pieces.values() if one.extension == extension]:
            piece.dispose()

    async def close(self) -> None:
        """Tell nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._pieces.clear()
        self._changed.clear()

    def post(self, type: str, data: dict[str, Any]) -> None:
        """Tell the clients what happened to a piece, after what it is like now."""
        self.flush()
        if not (self._session.closing or self._session.mailbox.closed):
            self._session.mailbox.post(type, data)

    def entered(self, extension: str | None) -> AbstractContextManager[None]:
        """Run the body as the pieces' user, and as an extension."""
        return self._session.entered(extension)

    def flush(self) -> None:
        """Tell now what has changed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changed, self._changed = self._changed, {}
        if changed:
            self._last = asyncio.get_running_loop().time()
        for piece in changed.values():
            try:
                self._note(piece, piece.state())
            except UNTOLD as error:  # one piece that cannot be told keeps no other waiting
                log.warning("a %s of the extension %s cannot be shown: %s", piece.kind, piece.extension, error)

    def _note(self, piece: Piece, state: Mapping[str, Any] | None) -> None:
        """Remember what a piece is like now, and tell the clients what is other than before."""
        before = piece.told
        told = None if state is None else {name: encoded(one) for name, one in state.items() if one is not None}
        if told == before:
            return
        size, more = _size(told), _size(told) - _size(before)
        if size > LARGEST or (more > 0 and self._size + more > ALL):
            raise QuotaExceeded("surface", LARGEST if size > LARGEST else ALL, size, "show less of it at once")
        if not (self._session.closing or self._session.mailbox.closed):
            self._post(piece, before, told)
        self._size += more
        piece.told = told

    def _post(self, piece: Piece, before: dict[str, Json] | None, told: dict[str, Json] | None) -> None:
        what, parts = "state", told
        if told is not None and before is not None:
            what = "changes"
            parts = {name: told.get(name, NULL) for name in {**before, **told} if before.get(name) != told.get(name)}
        text = NULL if parts is None else _joined(parts)
        about = _joined({"kind": encoded(piece.kind), "handle": encoded(piece.handle), what: text})
        self._session.mailbox.post(CHANGED, about)


def _size(told: dict[str, Json] | None) -> int:
    return sum(len(name) + len(one) for name, one in told.items()) if told else 0


def _joined(parts: Mapping[str, Json]) -> Json:
    """The object of these members."""
    return Json(b"{%b}" % b",".join(b"%b:%b" % (encoded(name), one) for name, one in parts.items()))


def encoded(value: Any) -> Json:
    """`value` as clients are told it, as text: made once of what stays the same, as the items of a long list.

    Raises TypeError or ValueError of what no JSON can say.
    """
    return value if isinstance(value, Json) else packed(plain(value))


def packed(value: Any) -> Json:
    """`encoded` of what is as clients are told it already."""
    from orjson import dumps  # on first need: it is heavy

    return Json(dumps(value))


def plain(value: Any) -> Any:
    """`value` as clients are told it: JSON in VS Code's words. Texts are cut where they are too long to read."""
    kind = type(value)
    if kind is str:
        return shown(value)
    if kind is dict:
        return {name if type(name) is str else str(name): plain(one) for name, one in value.items()}
    if kind is list or kind is tuple:
        return [plain(one) for one in value]
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return value if math.isfinite(value) else None
        case Command():  # its arguments are the extension's: who runs it names the piece that has it
            return {"title": shown(value.title), "command": shown(value.command), "tooltip": plain(value.tooltip)}
        case Value():
            return {name: plain(one) for name, one in value.to_json().items()}
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case str() | Uri():
            return shown(value)
        case Iterable():
            return [plain(one) for one in value]
        case _:
            return shown(value)
