"""Secrets: there for whom they were stored, sealed for everybody else, and never in a log or an error."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from sessions import secrets as secrets_module
from sessions.errors import FileSystemError, InvalidValue, QuotaExceeded, StoreError
from sessions.masterkey import master_key
from sessions.quotas import Allowance, Quotas
from sessions.secrets import KeyringVault, SealedVault, Secrets, choose_vault, own_of_desktop
from sessions.store import Databases, Params, Store
from tests.sessions.stores import ROOT, databases, eventually

pytestmark = pytest.mark.anyio

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
CANARY = "canary-7f3a91"


def sealed(several: Databases, uid: str = "alice", namespace: str = "a.b", key: bytes = KEY) -> Secrets:
    return Secrets(SealedVault(several.store(uid), key, uid), namespace)


@pytest.mark.parametrize("value", ["", "x", "pä\0ss\n😀", "x" * (64 << 10)])
async def test_a_secret_comes_back_as_it_was_after_a_restart(tmp_path: Path, value: str) -> None:
    async with databases(tmp_path) as first:
        await sealed(first).store("token", value)
        assert await sealed(first).get("token") == value
    async with databases(tmp_path) as second:
        assert await sealed(second).get("token") == value
        assert await sealed(second).keys() == ["token"]


async def test_what_is_not_there_is_none_and_deleting_it_is_fine(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        assert await secrets.get("token") is None
        await secrets.delete("token")
        await secrets.store("token", "x")
        await secrets.delete("token")
        assert await secrets.get("token") is None
        assert await secrets.keys() == []


async def test_users_and_namespaces_are_apart(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        places = [(uid, namespace) for uid in ("alice", "bob") for namespace in ("client", "a.b", "a.c")]
        for place in places:
            await sealed(several, *place).store("token", f"of {place}")
        for place in places:
            assert await sealed(several, *place).get("token") == f"of {place}"


async def test_neither_the_value_nor_the_master_key_is_on_the_disk(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await sealed(several).store("token", CANARY)
        raw = b"".join(path.read_bytes() for path in (tmp_path / "alice").iterdir())
    raw += (tmp_path / "alice" / "state.db").read_bytes()
    assert b"token" in raw
    assert CANARY.encode() not in raw
    assert KEY not in raw


async def test_the_same_value_is_sealed_differently_each_time(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        for key in ("a", "b", "a"):
            await secrets.store(key, "same")
        rows = await several.store("alice").read("SELECT sealed FROM secrets")
        assert len({bytes(row[0]) for row in rows}) == 2


MOVES = {
    "another key": "UPDATE secrets SET key = 'other'",
    "another namespace": "UPDATE secrets SET namespace = 'a.c'",
    "a turned bit": "UPDATE secrets SET sealed = CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB)",
    "another form": "UPDATE secrets SET sealed = CAST(x'02' || substr(sealed, 2) AS BLOB)",
    "a cut end": "UPDATE secrets SET sealed = substr(sealed, 1, 20)",
    "only its form": "UPDATE secrets SET sealed = x'01'",
    "a text": "UPDATE secrets SET sealed = 'text'",
}


@pytest.mark.parametrize("move", MOVES)
async def test_a_row_that_was_moved_or_changed_does_not_open(tmp_path: Path, move: str) -> None:
    async with databases(tmp_path) as several:
        await sealed(several).store("token", CANARY)
        await several.store("alice").write(MOVES[move])
        namespace = "a.c" if "namespace" in move else "a.b"
        with pytest.raises(StoreError, match="does not open with this host's master key") as caught:
            await sealed(several, namespace=namespace).get("other" if move == "another key" else "token")
        assert CANARY not in repr(caught.value) + str(caught.value.__cause__)


async def test_a_row_of_another_user_does_not_open(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await sealed(several, "alice").store("token", CANARY)
        rows = await several.store("alice").read("SELECT * FROM secrets")
        await several.store("bob").write("INSERT INTO secrets VALUES (?, ?, ?)", rows[0])
        with pytest.raises(StoreError, match="does not open"):
            await sealed(several, "bob").get("token")


async def test_under_a_wrong_master_key_nothing_opens_and_the_way_out_is_told(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        await sealed(several).store("token", CANARY)
        wrong = sealed(several, key=OTHER_KEY)
        with pytest.raises(StoreError, match="master key that it was stored with, or store it again") as caught:
            await wrong.get("token")
        assert CANARY not in str(caught.value)
        await wrong.store("token", "new")
        assert await wrong.get("token") == "new"


@pytest.mark.parametrize("value", [None, 1, b"x", "\ud800", "x" * ((64 << 10) + 1), "ä" * (33 << 10)])
async def test_what_is_no_secret_is_refused_and_not_shown(tmp_path: Path, value: Any) -> None:
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        with pytest.raises(InvalidValue, match=r"^value: "):
            await secrets.store("token", value)
        for key in ("", "a\0b", "x" * 1_025):
            for ask in (secrets.get(key), secrets.store(key, "x"), secrets.delete(key)):
                with pytest.raises(InvalidValue, match=r"^key: "):
                    await ask
        assert await secrets.keys() == []


async def test_a_namespace_that_could_be_mistaken_for_another_is_refused(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(InvalidValue, match=r"^namespace: "):
            sealed(several, namespace="a\0token")


async def test_how_many_there_may_be_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_module, "KEYS", 3)
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        for key in "abc":
            await secrets.store(key, "x")
        with pytest.raises(QuotaExceeded, match="secrets"):
            await secrets.store("d", "x")
        await secrets.store("a", "y")
        await secrets.delete("b")
        await secrets.store("d", "x")
        assert await secrets.keys() == ["a", "c", "d"]


async def test_names_are_read_from_the_disk_once_and_always_as_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with databases(tmp_path) as several:
        vault = SealedVault(several.store("alice"), KEY, "alice")
        secrets, reads, read = Secrets(vault, "a.b"), list[str](), Store.read

        async def counted(store: Store, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
            reads.append(sql)
            return await read(store, sql, params)

        monkeypatch.setattr(Store, "read", counted)
        assert [await secrets.keys() for _ in range(3)] == [[]] * 3
        assert len(reads) == 1
        await asyncio.gather(secrets.store("b", "1"), secrets.keys(), secrets.store("a", "2"), secrets.keys())
        (await secrets.keys()).clear()
        assert await secrets.keys() == ["a", "b"]
        await secrets.delete("a")
        assert await secrets.keys() == ["b"]
        assert await Secrets(vault, "a.c").keys() == []


async def test_stores_of_one_key_end_with_the_last_call(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        await asyncio.gather(*(secrets.store("token", str(number)) for number in range(20)))
        assert await secrets.get("token") == "19"
        await asyncio.gather(secrets.store("token", "x"), secrets.delete("token"), secrets.store("token", "y"))
        assert await secrets.get("token") == "y"


async def test_who_listens_hears_which_key_changed_and_no_value(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        secrets, heard = sealed(several), list[str]()
        undo = secrets.listen(heard.append)
        await secrets.store("a", CANARY)
        await secrets.delete("a")
        await eventually(lambda: heard == ["a", "a"])
        undo()
        undo()
        await secrets.store("b", CANARY)
        await asyncio.sleep(0)
        assert heard == ["a", "a"]


async def test_no_secret_is_in_a_log_or_a_representation(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with databases(tmp_path) as several:
        secrets = sealed(several)
        await secrets.store("token", CANARY)
        assert await secrets.get("token") == CANARY
        vault = SealedVault(several.store("alice"), KEY, "alice")
        told = repr(secrets) + repr(vault)
        await several.store("alice").write("PRAGMA max_page_count = 8")
        with pytest.raises(Exception, match="full") as caught:
            await secrets.store("large", CANARY * 4_000)
        told += repr(caught.value) + repr(caught.value.__cause__)
    own = "".join(record.getMessage() for record in caplog.records if record.name.startswith("roost"))
    assert CANARY not in told + own
    assert KEY.hex() not in told + caplog.text
    assert repr(KEY) not in told + caplog.text


def test_cryptography_and_keyring_are_not_imported_before_they_are_needed() -> None:
    program = "import sys, sessions.secrets; print([n for n in ('cryptography', 'keyring') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_secrets_count_against_the_bytes_that_a_user_may_have(tmp_path: Path) -> None:
    def with_limit(limit: int) -> tuple[Secrets, Allowance]:
        allowance = Allowance(Quotas(bytes=limit), lambda: (0, 0))
        return Secrets(SealedVault(several.store("alice"), KEY, "alice", allowance), "a.b"), allowance

    async with databases(tmp_path) as several:
        secrets, allowance = with_limit(3_000)
        await secrets.store("token", "x" * 1_000)
        await secrets.store("other", "x" * 1_000)
        before = allowance.counted[0]
        assert 2_000 < before < 3_000
        with pytest.raises(QuotaExceeded, match="'bytes'") as caught:
            await secrets.store("third", "x" * 1_000)
        assert (caught.value.limit, caught.value.used) == (3_000, before)
        assert await secrets.get("third") is None and allowance.counted[0] == before
        await secrets.delete("other")
        await secrets.store("third", "x" * 1_000)
        assert allowance.counted[0] == before

        again, allowance = with_limit(3_000)  # as after a restart
        await asyncio.gather(*(again.keys() for _ in range(3)))
        assert allowance.counted[0] == before
        await again.store("third", "x" * 5_000)
        assert await again.get("third") == "x" * 5_000, "a token that was renewed is not lost"
        assert allowance.counted[0] == before + 4_000
        with pytest.raises(QuotaExceeded):
            await again.store("new", "")
        await again.delete("third")
        await again.delete("token")
        await again.delete("token")
        assert allowance.counted[0] == 0


async def test_a_secret_that_cannot_be_written_is_not_counted(tmp_path: Path) -> None:
    allowance = Allowance(Quotas(), lambda: (0, 0))
    async with databases(tmp_path) as several:
        secrets = Secrets(SealedVault(several.store("alice"), KEY, "alice", allowance), "a.b")
        await secrets.store("small", "x")
        before = allowance.counted
        await several.store("alice").write("PRAGMA max_page_count = 8")
        with pytest.raises(FileSystemError, match="full"):
            await secrets.store("large", "x" * 60_000)
    assert allowance.counted == before


async def test_a_secret_whose_storing_was_cancelled_on_its_way_is_there_named_and_counted(tmp_path: Path) -> None:
    allowance = Allowance(Quotas(), lambda: (0, 0))
    async with databases(tmp_path, gate=1) as several:
        store = several.store("alice")
        secrets = Secrets(SealedVault(store, KEY, "alice", allowance), "a.b")
        async with several.gate:  # nothing is committed meanwhile
            storing = asyncio.create_task(secrets.store("token", "x"))
            await eventually(lambda: store._pending)
            storing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await storing
            assert await secrets.keys() == []
        await store.flush()
        assert await secrets.keys() == ["token"]
        assert await secrets.get("token") == "x"
        counted = allowance.counted
        await secrets.store("token", "y")
        assert allowance.counted == counted
        await secrets.delete("token")
        assert allowance.counted == (0, 0)


# -- the desktop's keyring


class Desktop(KeyringBackend):
    """A keyring of the library's kind, in memory, that can be locked as a desktop's is."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._refuse_when_locked()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._refuse_when_locked()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._refuse_when_locked()
        if (service, username) not in self.kept:
            raise PasswordDeleteError(CANARY)
        del self.kept[service, username]

    def _refuse_when_locked(self) -> None:
        if self.locked:
            raise KeyringLocked(CANARY)


def on_desktop(several: Databases, desktop: Desktop, namespace: str = "a.b") -> Secrets:
    store = several.store("alice")
    return Secrets(KeyringVault(SealedVault(store, KEY, "alice"), "alice", desktop), namespace)


async def test_in_a_desktop_the_keyring_has_the_values_and_the_store_only_their_names(tmp_path: Path) -> None:
    desktop = Desktop()
    async with databases(tmp_path) as several:
        secrets = on_desktop(several, desktop)
        await secrets.store("token", CANARY)
        await on_desktop(several, desktop, "a.c").store("token", "other")
        assert await secrets.get("token") == CANARY
        assert await secrets.keys() == ["token"]
        assert await several.store("alice").read("SELECT sealed FROM secrets") == [(b"",), (b"",)]
        await secrets.delete("token")
        await secrets.delete("token")
        assert (await secrets.get("token"), await secrets.keys()) == (None, [])
        assert list(desktop.kept.values()) == ["other"]


async def test_what_was_sealed_without_a_desktop_opens_in_it_and_moves_with_the_next_store(tmp_path: Path) -> None:
    desktop = Desktop()
    async with databases(tmp_path) as several:
        await sealed(several).store("token", "sealed")
        secrets = on_desktop(several, desktop)
        assert await secrets.get("token") == "sealed"
        await secrets.store("token", "moved")
        assert list(desktop.kept.values()) == ["moved"]
        with pytest.raises(StoreError, match="in the desktop's keyring: start the host in that desktop"):
            await sealed(several).get("token")


async def test_a_locked_keyring_is_told_without_what_it_said(tmp_path: Path) -> None:
    desktop = Desktop()
    async with databases(tmp_path) as several:
        secrets = on_desktop(several, desktop)
        await secrets.store("token", "x")
        desktop.locked = True
        for ask in (secrets.get("token"), secrets.store("token", "y"), secrets.delete("token")):
            with pytest.raises(StoreError, match=r"\(KeyringLocked\): unlock it") as caught:
                await ask
            assert CANARY not in str(caught.value)
        desktop.locked = False
        assert await secrets.get("token") == "x"


def test_only_a_desktops_own_keyring_is_used() -> None:
    class InDesktop(Desktop):
        __module__ = "keyring.backends.SecretService"

    class Plain(Desktop):
        __module__ = "keyrings.alt.file"

    class Chain(Desktop):
        __module__ = "keyring.backends.chainer"
        backends = (Plain(), InDesktop())

    class EmptyChain(Chain):
        backends = ()

    real = InDesktop()
    assert own_of_desktop(real) is real
    assert own_of_desktop(Chain()) is Chain.backends[1]
    for stand_in in (
        keyring.backends.fail.Keyring(),
        keyring.backends.null.Keyring(),
        Plain(),
        Desktop(),
        EmptyChain(),
    ):
        assert own_of_desktop(stand_in) is None


async def test_many_users_on_one_host_never_share_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class InDesktop(Desktop):
        __module__ = "keyring.backends.SecretService"

    monkeypatch.setattr(keyring, "get_keyring", InDesktop)
    async with databases(tmp_path / "users") as several:
        store = several.store("alice")
        many = await choose_vault(tmp_path, {}, multi_user=True)
        one = await choose_vault(tmp_path, {}, multi_user=False)
        assert isinstance(many(store, None), SealedVault)
        assert isinstance(one(store, None), KeyringVault)
        monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
        alone = (await choose_vault(tmp_path, {}, multi_user=False))(store, None)
        assert isinstance(alone, SealedVault)
        await alone.put("a.b", "token", "x")
        assert await many(store, None).get("a.b", "token") == "x"
        key = await asyncio.to_thread(master_key, tmp_path, {})
        assert await SealedVault(store, key, "alice").get("a.b", "token") == "x"
