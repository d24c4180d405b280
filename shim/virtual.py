"""Documents that have no file: an extension's content provider says what stands in them, by scheme."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sessions.current import current_extension
from sessions.errors import FileSystemError, InvalidValue
from shim.cancellation import CancellationToken
from shim.contents import LARGEST
from shim.events import Disposable
from shim.filesystems import ANSWER_S, OWN_SCHEMES
from shim.thenable import called
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 100
"""Content providers that a user's extensions may register."""


class TextDocumentContentProvider(Protocol):
    """VS Code's `TextDocumentContentProvider`; its event `on_did_change`, if any, is of Uris with another text."""

    def provide_text_document_content(
        self, uri: Uri, token: CancellationToken
    ) -> str | Awaitable[str | None] | None: ...


class Registered(NamedTuple):
    """A registered provider, whose it is, and the undo of listening to it."""

    provider: TextDocumentContentProvider
    extension: str | None
    undo: Callable[[], object]


class Virtual:
    """One user's content providers."""

    __slots__ = ("_providers", "_session", "on_change")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._providers: dict[str, list[Registered]] = {}
        self.on_change: Callable[[Uri], object] | None = None
        """Called with the Uri of a text that is another now."""

    def has(self, scheme: str) -> bool:
        """Whether somebody provides the texts of a scheme."""
        return scheme in self._providers

    async def text(self, uri: Uri) -> str:
        """The first text that a provider has. Raises `FileSystemError` where none has one, or one fails."""
        for registered in tuple(self._providers.get(uri.scheme, ())):
            text = await self._ask(registered, uri)
            if isinstance(text, str):
                return _small(uri, text)
        raise FileSystemError(f"{uri}: no content provider has this text", "FileNotFound")

    async def _ask(self, registered: Registered, uri: Uri) -> Any:
        provide = registered.provider.provide_text_document_content
        try:
            with self._session.entered(registered.extension):
                async with asyncio.timeout(ANSWER_S):
                    return await called(provide, uri, CancellationToken.NONE)
        except FileSystemError:
            raise
        except TimeoutError as error:
            raise FileSystemError.unavailable(
                f"{uri}: its content provider did not answer within {ANSWER_S:g} s"
            ) from error
        except Exception as error:  # the edge of an extension: whoever opens the document gets a sentence
            raise FileSystemError.unavailable(
                f"{uri}: its content provider failed ({type(error).__name__}: {error})"
            ) from error

    def register(self, scheme: str, provider: TextDocumentContentProvider) -> Disposable:
        """Let `provider` say what stands in documents of `scheme`; raises `InvalidValue` for `file` and the like."""
        Uri(scheme, strict=True)
        if scheme in OWN_SCHEMES:
            raise InvalidValue("scheme", f"'{scheme}' has its own texts; choose another scheme")
        if sum(map(len, self._providers.values())) >= MOST:
            raise InvalidValue("scheme", f"{MOST} content providers are registered; dispose of some first")
        listen = getattr(provider, "on_did_change", None)
        undo = listen(self._changed).dispose if listen is not None else lambda: None
        registered = Registered(provider, current_extension(), undo)
        self._providers.setdefault(scheme, []).append(registered)
        return Disposable(lambda: self._unregister(scheme, registered))

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: nobody says its texts any more."""
        for scheme, providers in tuple(self._providers.items()):
            for one in tuple(providers):
                if one.extension == extension:
                    self._unregister(scheme, one)

    def _changed(self, uri: Uri) -> None:
        if self.on_change is not None:
            self.on_change(uri)

    def _unregister(self, scheme: str, registered: Registered) -> None:
        registered.undo()
        providers = self._providers.get(scheme, [])
        if registered in providers:
            providers.remove(registered)
        if not providers:
            self._providers.pop(scheme, None)


def _small(uri: Uri, text: str) -> str:
    if len(text) > LARGEST:
        raise FileSystemError(f"{uri}: a document has at most {LARGEST} characters", "Unavailable", size=len(text))
    return text
