"""`vscode.window.register_uri_handler`: Uris that lead to an extension, as the way back from a login page does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from shim.address import SCHEME
from shim.events import Disposable
from shim.thenable import called
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext


class HandlesUris(Protocol):
    """What takes the Uris of an extension: VS Code's `UriHandler`."""

    def handle_uri(self, uri: Uri) -> object: ...


class _Registered(NamedTuple):
    handler: HandlesUris
    extension: str


async def _nobody(extension: str) -> None:
    """No loader of extensions: nobody wakes for a Uri."""


class UriHandlers:
    """The handlers of one user's extensions, one each."""

    __slots__ = ("_registered", "_session", "asked", "wake")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._registered: dict[str, _Registered] = {}
        self.asked = 0
        """Links that came from elsewhere and wait for the user's word."""
        self.wake: Callable[[str], Awaitable[None]] = _nobody
        """Called with the id that a Uri names: wakes that extension, if it says `onUri`."""

    def register(self, handler: HandlesUris) -> Disposable:
        """Let `handler` take the Uris of the current extension. Raises `ValueError` where it has one already."""
        extension = current_extension()
        if extension is None:
            raise InvalidValue("handler", "is an extension's: register it from an extension's code")
        if not callable(getattr(handler, "handle_uri", None)):
            raise InvalidValue("handler", "must have handle_uri(uri)")
        key = extension.lower()
        if key in self._registered:
            raise ValueError(f"extension '{extension}' has a URI handler already; dispose of the first one")
        one = self._registered[key] = _Registered(handler, extension)
        return Disposable(lambda: self._unregister(key, one))

    def _unregister(self, key: str, one: _Registered) -> None:
        if self._registered.get(key) is one:
            del self._registered[key]

    def forget_extension(self, extension: str) -> None:
        """An extension is gone."""
        self._registered.pop(extension.lower(), None)

    def settle(self) -> None:
        """The user gave their word on a link, or it is not waited for any more."""
        self.asked -= 1

    def check(self, uri: Uri) -> None:
        """Refuse, by `InvalidValue`, what leads to no extension."""
        if uri.scheme != SCHEME or "." not in uri.authority:
            raise InvalidValue("uri", f"must lead to an extension: {SCHEME}://publisher.name/path")

    async def open(self, uri: Uri) -> bool:
        """Give a Uri to the extension that it names, waking that first; whether it takes any."""
        self.check(uri)
        key = uri.authority.lower()
        if key not in self._registered:
            await self.wake(key)
        one = self._registered.get(key)
        if one is None:
            return False
        with self._session.entered(one.extension):
            await called(one.handler.handle_uri, uri)
        return True


def register_uri_handler(handler: HandlesUris) -> Disposable:
    """Let `handler.handle_uri(uri)` take the Uris `roost://<publisher.name>/...` of this extension."""
    return current_session().get(UriHandlers).register(handler)
