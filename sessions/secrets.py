"""Secrets of a user: sealed on the disk, or in the desktop's keyring. Their values never reach a log or an error."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sessions.errors import InvalidValue, QuotaExceeded, StoreError
from sessions.masterkey import master_key as master_key
from sessions.memento import KEY_COST, Meter
from sessions.store import Statement, Store
from sessions.values import name_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from keyring.backend import KeyringBackend

VALUE_BYTES = 64 << 10
"""How long a secret may be, in UTF-8."""

KEYS = 1_000
"""How many secrets one namespace may have."""

FORM = b"\x01"
"""The first byte of a sealed value: AES-256-GCM, then 12 bytes of nonce, then the sealed text with its tag."""

IN_KEYRING = b""
"""What stands in the store for a value that the desktop's keyring has."""

DESKTOPS = frozenset(
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "macOS", "Windows")
)
"""The keyrings that a desktop locks and unlocks. All else that calls itself one is not used."""

GET = "SELECT sealed FROM secrets WHERE namespace = ? AND key = ?"
KEYS_OF = "SELECT key FROM secrets WHERE namespace = ? ORDER BY key"
PUT = "INSERT INTO secrets (namespace, key, sealed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed"
DELETE = "DELETE FROM secrets WHERE namespace = ? AND key = ?"
ALL = f"SELECT coalesce(sum({KEY_COST} + length(key) + length(sealed)), 0) FROM secrets"
ONE = f"{ALL} WHERE namespace = ? AND key = ?"
"""What secrets take, all of them or one."""

MakeVault = Callable[[Store, Meter | None], "Vault"]
"""Gives a store its vault, and lets the meter count what is in there."""


class Vault(Protocol):
    """Where one user's secrets are."""

    async def get(self, namespace: str, key: str) -> str | None:
        """The value, or None where there is none. Raises `StoreError`."""

    async def put(self, namespace: str, key: str, value: str, along: Sequence[Statement] = ()) -> None:
        """Keep the value durably, and in the same commit what goes `along`.

        Raises `StoreError`, `QuotaExceeded`, or `FileSystemError` with NoSpace.
        """

    async def delete(self, namespace: str, key: str, along: Sequence[Statement] = ()) -> None:
        """Forget the value, if there is one, in one commit with what goes `along`."""

    async def keys(self, namespace: str) -> list[str]:
        """The names of what is kept."""


class Secrets:
    """VS Code's SecretStorage for one `namespace`. Stores and deletes happen in the order of the calls."""

    __slots__ = ("_listeners", "_order", "_vault", "namespace")

    def __init__(self, vault: Vault, namespace: str) -> None:
        self.namespace = name_of("namespace", namespace)
        self._vault = vault
        self._order = asyncio.Lock()
        self._listeners: list[Callable[[str], None]] = []

    async def get(self, key: str) -> str | None:
        """The secret, or None where there is none. Raises `StoreError`."""
        return await self._vault.get(self.namespace, name_of("key", key))

    async def store(self, key: str, value: str) -> None:
        """Keep a text of at most 64 KiB; it is durable on return.

        Raises `InvalidValue`, `QuotaExceeded` and `StoreError`, or `FileSystemError` with NoSpace.
        """
        name_of("key", key)
        _check(value)
        async with self._order:
            await self._make_sure_of_room(key)
            await self._vault.put(self.namespace, key, value)
        self._tell(key)

    async def delete(self, key: str) -> None:
        """Forget the secret, if there is one."""
        async with self._order:
            await self._vault.delete(self.namespace, name_of("key", key))
        self._tell(key)

    async def keys(self) -> list[str]:
        """The names of the secrets."""
        return await self._vault.keys(self.namespace)

    def listen(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Call `changed` with the key soon after a secret was stored or deleted; returns the undo."""
        self._listeners.append(changed)

        def undo() -> None:
            if changed in self._listeners:
                self._listeners.remove(changed)

        return undo

    def _tell(self, key: str) -> None:
        for listener in self._listeners:
            asyncio.get_running_loop().call_soon(listener, key)

    async def _make_sure_of_room(self, key: str) -> None:
        keys = await self.keys()
        if len(keys) >= KEYS and key not in keys:
            raise QuotaExceeded("secrets", KEYS, len(keys), "delete secrets that you do not need")


class SealedVault:
    """Secrets as rows of the user's store, sealed with the host's master key.

    A row opens only as what it was stored as: another user's, namespace's or key's place gives an error, never a value.
    """

    __slots__ = ("_cipher", "_counted", "_lock", "_master_key", "_meter", "_names", "_uid", "store")

    def __init__(self, store: Store, master_key: bytes, uid: str, meter: Meter | None = None) -> None:
        self.store = store
        self._master_key = master_key
        self._uid = uid
        self._meter = meter
        self._counted = False
        self._lock = asyncio.Lock()
        self._names: dict[str, list[str]] = {}
        self._cipher: AESGCM | None = None

    async def get(self, namespace: str, key: str) -> str | None:
        """The value, or None where there is none. Raises `StoreError` where it does not open."""
        rows = await self.store.read(GET, (namespace, key))
        return await self._opened(namespace, key, rows[0][0]) if rows else None

    async def put(self, namespace: str, key: str, value: str, along: Sequence[Statement] = ()) -> None:
        """Keep the value durably, sealed with a nonce of its own."""
        cipher = await self._ready()
        nonce = os.urandom(12)
        sealed = FORM + nonce + cipher.encrypt(nonce, value.encode(), self._place(namespace, key))
        await self.keep(namespace, key, sealed, along)

    async def keep(self, namespace: str, key: str, sealed: bytes, along: Sequence[Statement] = ()) -> None:
        """Write a row. Raises `QuotaExceeded` of a new one: what replaces another may be a renewed token, lost else."""
        async with self._lock:
            before = await self._size(namespace, key)
            more = KEY_COST + len(key) + len(sealed) - before
            if self._meter is not None and not before:
                self._meter.store(more)
            elif self._meter is not None:
                self._meter.stored(more)
            await self._write([(PUT, (namespace, key, sealed)), *along], namespace, more)

    async def delete(self, namespace: str, key: str, along: Sequence[Statement] = ()) -> None:
        """Forget the value, if there is one."""
        async with self._lock:
            size = await self._size(namespace, key)
            if self._meter is not None:
                self._meter.stored(-size)
            await self._write([(DELETE, (namespace, key)), *along], namespace, -size)

    async def _write(self, statements: Sequence[Statement], namespace: str, more: int) -> None:
        """Write what is counted already; it goes on where whoever asked for it was cancelled."""
        try:
            written = self.store.write_all(statements)
        except BaseException:
            self._uncount(more)
            raise

        def landed(written: asyncio.Future[None]) -> None:
            self._names.pop(namespace, None)
            if written.exception() is not None:
                self._uncount(more)

        written.add_done_callback(landed)
        await asyncio.shield(written)

    def _uncount(self, more: int) -> None:
        if self._meter is not None:
            self._meter.stored(-more)

    async def _size(self, namespace: str, key: str) -> int:
        """What a secret takes, 0 where there is none."""
        await self._count()
        ((size,),) = await self.store.read(ONE, (namespace, key))
        return int(size)

    async def _count(self) -> None:
        """Let what was being written land, and count what was kept before, once."""
        await self.store.flush()
        if self._meter is not None and not self._counted:
            ((size,),) = await self.store.read(ALL)
            self._meter.stored(size)
            self._counted = True

    async def keys(self, namespace: str) -> list[str]:
        """The names of what is kept; read once, as an agent asks at each step which accounts its user has."""
        async with self._lock:
            if namespace not in self._names:
                await self._count()
                self._names[namespace] = [key for (key,) in await self.store.read(KEYS_OF, (namespace,))]
            return list(self._names[namespace])

    async def _opened(self, namespace: str, key: str, sealed: bytes) -> str:
        if sealed == IN_KEYRING:
            raise StoreError(
                f"the secret '{key}' is in the desktop's keyring: start the host in that desktop, or store it again"
            )
        cipher = await self._ready()
        from cryptography.exceptions import InvalidTag

        try:
            if sealed[:1] != FORM:
                raise InvalidTag
            return cipher.decrypt(sealed[1:13], sealed[13:], self._place(namespace, key)).decode()
        except (InvalidTag, ValueError, TypeError):
            raise StoreError(
                f"the secret '{key}' does not open with this host's master key: start the host with the master key that"
                " it was stored with, or store it again"
            ) from None

    def _place(self, namespace: str, key: str) -> bytes:
        # None of them can hold a NUL, so no two places are the same bytes.
        return "\0".join(("roost", self._uid, namespace, key)).encode()

    async def _ready(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = await asyncio.to_thread(_cipher, self._master_key)
        return self._cipher


class KeyringVault:
    """Secrets in the desktop's keyring, for the one user of a host on their own desktop.

    The store has their names, as a keyring cannot list them, and what was sealed before there was a keyring.
    """

    __slots__ = ("_keyring", "_sealed", "_uid")

    def __init__(self, sealed: SealedVault, uid: str, keyring: KeyringBackend) -> None:
        self._sealed = sealed
        self._uid = uid
        self._keyring = keyring

    async def get(self, namespace: str, key: str) -> str | None:
        """The value, or None where there is none. Raises `StoreError`."""
        rows = await self._sealed.store.read(GET, (namespace, key))
        if not rows or rows[0][0] != IN_KEYRING:
            return await self._sealed.get(namespace, key)
        value: str | None = await self._ask(self._keyring.get_password, namespace, key)
        return value

    async def put(self, namespace: str, key: str, value: str, along: Sequence[Statement] = ()) -> None:
        """Keep the value durably."""
        await self._ask(self._keyring.set_password, namespace, key, value)
        await self._sealed.keep(namespace, key, IN_KEYRING, along)

    async def delete(self, namespace: str, key: str, along: Sequence[Statement] = ()) -> None:
        """Forget the value, if there is one."""
        rows = await self._sealed.store.read(GET, (namespace, key))
        if (
            rows
            and rows[0][0] == IN_KEYRING
            and await self._ask(self._keyring.get_password, namespace, key) is not None
        ):
            await self._ask(self._keyring.delete_password, namespace, key)
        await self._sealed.delete(namespace, key, along)

    async def keys(self, namespace: str) -> list[str]:
        """The names of what is kept."""
        return await self._sealed.keys(namespace)

    async def _ask(self, what: Callable[..., Any], namespace: str, *arguments: str) -> Any:
        try:
            return await asyncio.to_thread(what, f"roost {self._uid} {namespace}", *arguments)
        except Exception as error:  # noqa: BLE001  each desktop raises its own, and its text may hold anything
            raise StoreError(
                f"the desktop's keyring refuses ({type(error).__name__}): unlock it and try again"
            ) from None


def _check(value: object) -> None:
    if not isinstance(value, str):
        raise InvalidValue("value", "must be a string")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidValue("value", "must not hold half of a surrogate pair") from None
    if size > VALUE_BYTES:
        raise InvalidValue("value", f"must be at most {VALUE_BYTES} bytes long, and has {size}; keep it in a file")


async def choose_vault(data: Path, environ: Mapping[str, str], *, multi_user: bool) -> MakeVault:
    """What gives each user's store its vault: sealed rows, or the keyring where one user is on their own desktop.

    The master key is found or made here, once a process. Raises `InvalidValue` where it is none.
    """
    key = await asyncio.to_thread(master_key, data, environ)
    keyring = None if multi_user else await asyncio.to_thread(desktop_keyring)
    if keyring is None:
        return lambda store, meter: SealedVault(store, key, store.uid, meter)
    return lambda store, meter: KeyringVault(SealedVault(store, key, store.uid, meter), store.uid, keyring)


def desktop_keyring() -> KeyringBackend | None:
    """The desktop's own keyring, where there is one that works: never a file with plain text, never a stand-in."""
    import keyring

    return own_of_desktop(keyring.get_keyring())


def own_of_desktop(chosen: KeyringBackend) -> KeyringBackend | None:
    """`chosen`, or the first of those that it tries in turn, if it is one of DESKTOPS."""
    for backend in (chosen, *getattr(chosen, "backends", ())):
        if type(backend).__module__ in DESKTOPS:
            found: KeyringBackend = backend
            return found
    return None


def _cipher(master_key: bytes) -> AESGCM:
    """Imported on first need and in a thread: cryptography costs some 10 MiB and 50 ms."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(master_key)
