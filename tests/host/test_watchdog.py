"""The watchdog: code that keeps the loop is named with its user and line, and an extension that repeats it is ended."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path

import orjson
import pytest

from host.activation import ActivationFailed
from host.loader import Loader
from host.watchdog import Watchdog
from sessions.context import SessionContext
from sessions.manager import SessionManager
from shim.commands import CommandFailed, Commands
from shim.extensions import Extensions
from tests.people import extension, loads, people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

KEEPS = """
    import time, shim as vscode

    def keep(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass  # here it is
        return "done"

    def activate(context):
        context.subscriptions.append(vscode.commands.register_command("keeps.keep", keep))
"""
COMMAND = '[[contributes.commands]]\ncommand = "keeps.keep"\ntitle = "T"\n'


def keeps(folder: Path, more: str = "") -> Loader:
    return loads(extension(folder, "keeps", more + "\n" + COMMAND, extension=KEEPS))


async def keep(session: SessionContext, seconds: float) -> object:
    return await session.promise(session.get(Commands).execute("keeps.keep", seconds), "command")


def watched(loader: Loader, sessions: SessionManager, offences: int = 2) -> Watchdog:
    return Watchdog(loader, sessions, blocked_s=0.4, beat_s=0.02, offences=offences)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "roost.watchdog" and one.levelno == logging.ERROR]


@pytest.mark.parametrize("shared", ["", "shared = true"], ids=["private", "shared"])
async def test_who_keeps_the_loop_is_named_with_user_and_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shared: str
) -> None:
    place = f"keeps_{'shared' if shared else 'own'}"
    loader = loads(extension(tmp_path, place, f"{shared}\n{COMMAND}", extension=KEEPS))
    async with people(tmp_path, loader) as sessions:
        ada, _ = await sessions.open("ada"), await sessions.open("ben")
        with watched(loader, sessions) as watchdog:
            assert await keep(ada, 1.0) == "done"
            await eventually(lambda: watchdog._recent)
            line = KEEPS.splitlines().index("            pass  # here it is")
            messages = told(caplog)
            assert messages[0].startswith(f"extension acme.{place} keeps the loop for ")
            assert f"for ada, at {tmp_path}/{place}/extension.py:" in messages[0]
            assert messages[0].endswith("(keep)")
            number = int(messages[0].rpartition(":")[2].split()[0])
            assert number in (line, line + 1), "the loop or its body"
            assert (watchdog.stalls, watchdog.disabled) == (1, set())


async def test_who_does_it_again_is_ended_for_that_user_only_and_they_are_told(tmp_path: Path) -> None:
    loader = keeps(tmp_path)
    async with people(tmp_path, loader) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        with watched(loader, sessions) as watchdog:
            for _ in range(2):
                assert await keep(ada, 0.9) == "done"
                await eventually(lambda: time.monotonic() - watchdog._beat_at < 0.1)
                await asyncio.sleep(0.1)
            await eventually(lambda: ada.mailbox.seq)
            (event,) = await anext(ada.mailbox.follow(0))
            assert event.type == "extensions.onDidDisable"
            assert orjson.loads(event.data_json)["id"] == "acme.keeps"
            assert watchdog.disabled == {("acme.keeps", "ada")}
            with pytest.raises(CommandFailed, match="it kept everybody waiting and is disabled; ask the operator"):
                await keep(ada, 0.0)
            with pytest.raises(ActivationFailed, match="disabled"):
                await ada.get(Extensions).activate("acme.keeps")
            assert await keep(ben, 0.0) == "done"


async def test_a_loop_that_is_kept_by_no_extension_blames_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loader = keeps(tmp_path)
    async with people(tmp_path, loader) as sessions:
        assert await keep(await sessions.open("ada"), 0.0) == "done"
        with watched(loader, sessions) as watchdog:
            await asyncio.sleep(0.1)
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                pass
            await eventually(lambda: watchdog.stalls)
            assert "by no extension" in told(caplog)[0]
            assert "test_watchdog.py" in told(caplog)[0]
            assert watchdog._recent == {}


async def test_a_loop_that_is_free_is_left_alone_and_the_thread_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loader = keeps(tmp_path)
    async with people(tmp_path, loader) as sessions:
        with watched(loader, sessions) as watchdog:
            await keep(await sessions.open("ada"), 0.05)
            await asyncio.sleep(0.3)
            assert not watchdog._recent
    await eventually(lambda: not [one for one in threading.enumerate() if one.name == "watchdog"])
