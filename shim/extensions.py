"""`vscode.extensions`: which extensions there are, and what they export. The host finds and activates them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sessions.current import current_extension, current_session
from sessions.errors import RoostError
from shim.enums import ExtensionKind
from shim.events import never
from shim.filetypes import Language
from shim.namespace import fix
from shim.thenable import Thenable
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext

T = TypeVar("T")


class NotActive(RoostError):
    """The exports of an extension were asked for before it was active."""


class Described(Protocol):
    """What the host knows of an installed extension; the same for all users."""

    @property
    def id(self) -> str:
        """`publisher.name`."""

    @property
    def path(self) -> str:
        """The extension's folder on the host."""

    @property
    def languages(self) -> Sequence[Language]:
        """The languages that it contributes."""

    def package_json(self) -> dict[str, Any]:
        """The manifest in VS Code's names, a fresh dict."""


class Extension(Generic[T]):
    """One extension as another extension, of the same user, sees it. `T` is what it exports."""

    __slots__ = ("_described", "_session")

    def __init__(self, session: SessionContext, described: Described) -> None:
        self._session = session
        self._described = described

    extension_kind = ExtensionKind.WORKSPACE

    @property
    def id(self) -> str:
        """`publisher.name`."""
        return self._described.id

    @property
    def extension_path(self) -> str:
        """The extension's folder on the host; it is not among the user's files."""
        return self._described.path

    @property
    def extension_uri(self) -> Uri:
        """`extension_path` as a Uri."""
        return Uri.file(self._described.path)

    @property
    def package_json(self) -> dict[str, Any]:
        """The manifest in VS Code's names; a copy of one's own."""
        return self._described.package_json()

    @property
    def is_active(self) -> bool:
        """Whether it is active for this user."""
        return self.id.lower() in self._session.get(Extensions).exports

    @property
    def exports(self) -> T:
        """What its `activate` returned for this user. Raises `NotActive` before that."""
        exports: Mapping[str, T] = self._session.get(Extensions).exports
        if not self.is_active:
            raise NotActive(f"extension '{self.id}' is not active: await its activate() first")
        return exports[self.id.lower()]

    def activate(self) -> Thenable[T]:
        """Activate it for this user, if it is not active, and give its exports."""
        return self._session.promise(self._activate(), f"activate {self.id}")

    async def _activate(self) -> T:
        exports: T = await self._session.get(Extensions).activate(self.id)
        return exports


async def _nobody(extension: str) -> Any:
    raise RoostError(f"extension '{extension}' cannot be activated: this session has no loader of extensions")


class Extensions:
    """The extensions of one user: what is installed, and what is active for them. The host's loader fills it in."""

    __slots__ = ("_seen", "_session", "activate", "ending", "exports", "installed", "waiting")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._seen: dict[str, Extension[Any]] = {}
        self.installed: Mapping[str, Described] = MappingProxyType({})
        """By lower-case id; one mapping for all users."""
        self.activate: Callable[[str], Awaitable[Any]] = _nobody
        """Activates the extension of an id and gives its exports."""
        self.ending = False
        """All of them are being ended, as the session is: what they close now was open to the last."""
        self.exports: dict[str, Any] = {}
        """What the active ones export, by lower-case id."""
        self.waiting: Mapping[str, Collection[str]] = MappingProxyType({})
        """Activation events, such as `onLanguage:python`, and the ids of who waits for them; one for all users."""

    async def wake(self, event: str) -> None:
        """Activate whoever waits for an event, and return once they are active. A failure is told elsewhere.

        The extension that runs now is not waited for: it may be what it waits for itself.
        """
        for extension in self.waiting.get(event, ()):
            if extension != current_extension():
                with suppress(RoostError):  # the user and the log know already
                    await self.activate(extension)

    def begin_wake(self, event: str) -> None:
        """As `wake`, without waiting: nobody needs them for what has happened."""
        if event in self.waiting and not self._session.closing:
            self._session.start(self.wake(event), f"wake for {event}"[:200])

    def get(self, extension: str) -> Extension[Any] | None:
        """The extension of this id, in whatever case it is written; None where it is not installed."""
        key = extension.lower()
        if key not in self.installed:
            return None
        if key not in self._seen:
            self._seen[key] = Extension(self._session, self.installed[key])
        return self._seen[key]


all: tuple[Extension[Any], ...]
"""Every installed extension, as the current user has them."""


on_did_change = never
"""What is installed stays the same as long as the host runs."""


def get_extension(extension_id: str) -> Extension[Any] | None:
    """The extension `publisher.name`, in whatever case it is written; None where it is not installed."""
    return current_session().get(Extensions).get(extension_id)


def _all(extensions: Extensions) -> tuple[Extension[Any], ...]:
    found = (extensions.get(key) for key in extensions.installed)
    return tuple(one for one in found if one is not None)


if not TYPE_CHECKING:  # type checkers see the annotation above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name == "all":
            return _all(current_session().get(Extensions))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


fix(__name__)
