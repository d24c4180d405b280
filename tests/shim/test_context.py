"""ExtensionContext: what belongs to one extension of one user, and is undone when the extension ends."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import Disposable, ExtensionContext, ExtensionMode, SecretStorageChangeEvent, Uri
from shim.extensions import Extension
from shim.workspace import fs
from tests.people import people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Installed:
    """An installed extension, as the host describes it."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.path = f"/opt/extensions/{id_.lower()}"

    def package_json(self) -> dict[str, Any]:
        return {"name": self.id.partition(".")[2]}


async def context_of(session: SessionContext, extension: str = "Acme.Hello") -> ExtensionContext:
    return await ExtensionContext.open(session, Extension(session, Installed(extension)))


async def test_state_is_read_at_once_after_an_update_and_is_there_again_after_sleep(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        context = await context_of(await sessions.open("ada"))
        promise = context.global_state.update("note", {"a": [1]})
        assert context.global_state.get("note") == {"a": [1]}
        await promise
        await sessions.close("ada")
        again = await context_of(await sessions.open("ada"))
        assert again.global_state.get("note") == {"a": [1]}
        assert again.workspace_state.get("note", "none") == "none"


async def test_state_belongs_to_one_user_one_extension_and_one_scope(ada: SessionContext, ben: SessionContext) -> None:
    context = await context_of(ada)
    await context.workspace_state.update("note", "mine")
    for other in (await context_of(ben), await context_of(ada, "acme.other")):
        assert other.workspace_state.keys() == other.global_state.keys() == []
    assert context.global_state.keys() == []
    assert (await ada.memento("client", "workspace")).keys() == []


async def test_the_id_names_the_state_in_whatever_case_it_is_written(ada: SessionContext) -> None:
    await (await context_of(ada, "Acme.Hello")).global_state.update("note", 1)
    assert (await context_of(ada, "acme.hello")).global_state.get("note") == 1


async def test_secrets_are_stored_listed_deleted_and_never_another_extensions(
    ada: SessionContext, ben: SessionContext
) -> None:
    secrets = (await context_of(ada)).secrets
    await secrets.store("token", "s3cret")
    assert await secrets.get("token") == "s3cret"
    assert await secrets.keys() == ["token"]
    for other in (await context_of(ben), await context_of(ada, "acme.other")):
        assert await other.secrets.get("token") is None
        assert await other.secrets.keys() == []
    await secrets.delete("token")
    assert await secrets.get("token") is None


async def test_a_secret_is_not_in_the_users_files_as_text(ada: SessionContext, tmp_path: Path) -> None:
    await (await context_of(ada)).secrets.store("token", "find-me-if-you-can")
    await ada.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"token" in kept
    assert b"find-me-if-you-can" not in kept


async def test_a_change_of_a_secret_is_heard_with_its_key(ada: SessionContext) -> None:
    context = await context_of(ada)
    heard: list[SecretStorageChangeEvent] = []
    with ada.entered():
        context.secrets.on_did_change(heard.append, context.subscriptions)  # type: ignore[arg-type]
    await context.secrets.store("token", "x")
    await context.secrets.delete("token")
    await eventually(lambda: heard == [SecretStorageChangeEvent("token")] * 2)
    await context.close()
    await (await context_of(ada)).secrets.store("token", "y")
    assert len(heard) == 2


async def test_a_secret_that_is_no_text_is_refused_without_being_shown(ada: SessionContext) -> None:
    wrong: Any = b"s3cret"
    with pytest.raises(InvalidValue) as refused:
        await (await context_of(ada)).secrets.store("token", wrong)
    assert "s3cret" not in str(refused.value)


async def test_storage_is_in_the_users_own_world(ada: SessionContext) -> None:
    context = await context_of(ada)
    assert context.global_storage_path == "/home/.local/share/roost/acme.hello/global"
    assert context.storage_path == "/home/.local/share/roost/acme.hello/workspace"
    assert context.log_path == "/home/.local/share/roost/acme.hello/logs"
    for uri in (context.global_storage_uri, context.storage_uri, context.log_uri):
        with ada.entered():
            await fs.write_file(uri.join_path("file"), b"x")
            assert await fs.read_file(uri.join_path("file")) == b"x"


async def test_the_extensions_own_files_are_found_from_its_folder(ada: SessionContext) -> None:
    context = await context_of(ada)
    assert context.extension.id == "Acme.Hello"
    assert context.extension_path == "/opt/extensions/acme.hello"
    assert context.extension_uri == Uri.file("/opt/extensions/acme.hello")
    assert context.as_absolute_path("media/icon.svg") == "/opt/extensions/acme.hello/media/icon.svg"
    assert context.extension_mode is ExtensionMode.PRODUCTION


async def test_closing_disposes_of_the_subscriptions_in_order_once_and_despite_failures(
    ada: SessionContext, caplog: pytest.LogCaptureFixture
) -> None:
    context = await context_of(ada)
    undone: list[object] = []

    async def later() -> None:
        undone.append("async")

    context.subscriptions += [
        Disposable(lambda: undone.append(1)),
        Disposable(lambda: 1 / 0),
        Disposable(later),
        Disposable(lambda: undone.append(2)),
    ]
    await context.close()
    await context.close()
    assert undone == [1, "async", 2]
    assert "could not be disposed of" in caplog.text


async def test_a_session_is_kept_awake_until_the_disposable_or_the_extension_ends(ada: SessionContext) -> None:
    context = await context_of(ada)
    first, _second = context.keep_awake(), context.keep_awake()
    first.dispose()
    first.dispose()
    busy = [ada.busy]
    await context.close()
    assert [*busy, ada.busy] == [True, False]
    assert context.subscriptions == []


async def test_log_lines_name_the_extension(ada: SessionContext, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "roost.extension"):
        (await context_of(ada)).log.info("counted %d words", 3)
    (record,) = caplog.records
    assert record.getMessage() == "counted 3 words"
    assert vars(record)["extension"] == "Acme.Hello"
