"""`ExtensionContext`: what an extension gets when it is activated for one user. The host makes it, one a user."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from inspect import isawaitable
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any, TypeVar

from shim.absent import VARIABLES, Absent
from shim.enums import ExtensionMode
from shim.events import Disposable, Disposes, EventEmitter
from shim.extensions import Extension
from shim.thenable import Thenable
from shim.uri import Uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.memento import Memento
    from sessions.secrets import Secrets

T = TypeVar("T")

log = logging.getLogger("roost.extension")


@readonly
class SecretStorageChangeEvent(Value):
    """A secret was stored or deleted."""

    key: str


class SecretStorage:
    """VS Code's `SecretStorage`: texts of one extension and one user, sealed where they are kept."""

    __slots__ = ("_changed", "_name", "_secrets", "_session", "_undo", "on_did_change")

    def __init__(self, session: SessionContext, extension: str) -> None:
        self._session = session
        self._name = extension
        self._secrets: Secrets = session.secrets(extension.lower())
        self._changed = EventEmitter[SecretStorageChangeEvent]()
        self._undo = self._secrets.listen(lambda key: self._changed.fire(SecretStorageChangeEvent(key)))
        self.on_did_change = self._changed.event
        """Fires with the key of what was stored or deleted."""

    def get(self, key: str) -> Thenable[str | None]:
        """The secret of a key, or None."""
        return self._begin(self._secrets.get(key))

    def store(self, key: str, value: str) -> Thenable[None]:
        """Keep a text of 64 KiB at most; done once it is durable."""
        return self._begin(self._secrets.store(key, value))

    def delete(self, key: str) -> Thenable[None]:
        """Forget a secret; one that is not there is fine."""
        return self._begin(self._secrets.delete(key))

    def keys(self) -> Thenable[list[str]]:
        """The keys of all secrets."""
        return self._begin(self._secrets.keys())

    def _begin(self, work: Coroutine[Any, Any, T]) -> Thenable[T]:
        return self._session.promise(work, "secrets", self._name)

    def close(self) -> None:
        """Listen no more."""
        self._undo()
        self._undo = lambda: None  # who listens holds this
        self._changed.dispose()


class ExtensionContext:
    """What is the extension's own, for one user. `subscriptions` are disposed of when the extension ends."""

    __slots__ = (
        "_awake",
        "_session",
        "extension",
        "extension_mode",
        "global_state",
        "log",
        "secrets",
        "subscriptions",
        "workspace_state",
    )

    def __init__(
        self, session: SessionContext, extension: Extension[Any], global_state: Memento, workspace_state: Memento
    ) -> None:
        self._session = session
        self._awake: set[Callable[[], None]] = set()
        self.extension = extension
        self.extension_mode = ExtensionMode.PRODUCTION
        self.subscriptions: list[Disposes] = []
        """What `register_…` and events returned: put it here, and it is undone when the extension ends."""
        self.global_state = global_state
        """JSON values of the user, kept in all workspaces: `get` at once, `update` done once it is durable."""
        self.workspace_state = workspace_state
        """JSON values of the user in this workspace."""
        self.secrets = SecretStorage(session, extension.id)
        self.log = logging.LoggerAdapter(log, {"extension": extension.id})
        """For the operator's log; its lines name the extension."""

    @classmethod
    async def open(cls, session: SessionContext, extension: Extension[Any]) -> ExtensionContext:
        """The context of an extension for the user of `session`, its state read. Raises `StoreError`."""
        namespace = extension.id.lower()
        return cls(
            session,
            extension,
            await session.memento(namespace, "global"),
            await session.memento(namespace, "workspace"),
        )

    @property
    def extension_uri(self) -> Uri:
        """The extension's folder on the host; it is not among the user's files."""
        return self.extension.extension_uri

    @property
    def extension_path(self) -> str:
        """`extension_uri` as a path: what comes with the extension is read from there by Python's own means."""
        return self.extension.extension_path

    def as_absolute_path(self, relative_path: str) -> str:
        """The path on the host of a file that comes with the extension."""
        return normpath(join(self.extension_path, relative_path))

    @property
    def storage_path(self) -> str:
        """A folder of the user's world for files of this workspace; make it before use."""
        return self._place("workspace")

    @property
    def storage_uri(self) -> Uri:
        """`storage_path` as a Uri."""
        return Uri.file(self.storage_path)

    @property
    def global_storage_path(self) -> str:
        """A folder of the user's world for files of all workspaces; make it before use."""
        return self._place("global")

    @property
    def global_storage_uri(self) -> Uri:
        """`global_storage_path` as a Uri."""
        return Uri.file(self.global_storage_path)

    @property
    def log_path(self) -> str:
        """A folder of the user's world for logs that the user may read; make it before use."""
        return self._place("logs")

    @property
    def log_uri(self) -> Uri:
        """`log_path` as a Uri."""
        return Uri.file(self.log_path)

    @property
    def environment_variable_collection(self) -> Absent:
        """Not here: using it raises `NotSupported`."""
        return Absent("environment_variable_collection", VARIABLES)

    def _place(self, kind: str) -> str:
        return f"{self._session.storage}/{self.extension.id.lower()}/{kind}"

    def keep_awake(self) -> Disposable:
        """Ask that the user's session does not sleep until this is disposed of. Roost's own: VS Code never sleeps."""
        undo = self._session.keep_awake()
        self._awake.add(undo)
        return Disposable(lambda: self._let_sleep(undo))

    def _let_sleep(self, undo: Callable[[], None]) -> None:
        self._awake.discard(undo)
        undo()

    async def close(self) -> None:
        """Let the session sleep, and dispose of the subscriptions in order; one that fails keeps no other waiting."""
        self.secrets.close()
        for undo in list(self._awake):
            self._let_sleep(undo)
        subscriptions, self.subscriptions = self.subscriptions, []
        for subscription in subscriptions:
            try:
                result = subscription.dispose()
                if isawaitable(result):
                    await result
            except Exception:  # the edge of an extension that ends: the others are undone all the same
                self.log.exception("a subscription could not be disposed of")
