"""Terminals of a session, with real shells in a real sandbox and no socket: who waits for whom, and what is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import terminal as terminal_module
from sessions.context import SessionContext
from sessions.errors import InvalidValue, Overloaded, QuotaExceeded, SandboxUnavailable
from sessions.manager import SessionManager
from sessions.quotas import Quotas
from sessions.shells import ShellOptions
from sessions.terminal import LAG_BYTES, Terminal
from sessions.terminals import Terminals
from sessions.viewer import IN_FLIGHT
from tests.inside import kept, rest, tenants, until
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

BASH = ShellOptions("/bin/bash", ("--norc", "--noprofile"))


def sh(script: str) -> ShellOptions:
    return ShellOptions("/bin/sh", ("-c", script))


@pytest.fixture
async def house() -> AsyncIterator[tuple[SessionManager, list[SessionContext]]]:
    async with tenants("ada", "ben") as opened:
        yield opened


@pytest.fixture
def sessions(house: tuple[SessionManager, list[SessionContext]]) -> SessionManager:
    return house[0]


@pytest.fixture
def ada(house: tuple[SessionManager, list[SessionContext]]) -> SessionContext:
    return house[1][0]


@pytest.fixture
def ben(house: tuple[SessionManager, list[SessionContext]]) -> SessionContext:
    return house[1][1]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for longer than half a second."""
    monkeypatch.setattr(terminal_module, "PATIENCE_S", 0.5)


async def ended(terminal: Terminal) -> None:
    await eventually(lambda: terminal.ended)


async def test_a_shell_without_viewers_is_read_and_the_newest_mebibyte_is_kept(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 1000000; exit 5"))
    await ended(terminal)
    assert terminal.exit_code == 5
    assert terminal.scrollback.end == len(b"".join(b"%d\r\n" % n for n in range(1, 1_000_001)))
    memory = kept(terminal)
    assert 1 << 20 <= len(memory) < (1 << 20) + 2 * 65_536
    assert memory.endswith(b"\r\n999999\r\n1000000\r\n")


async def test_a_late_viewer_begins_where_memory_does_and_sees_the_end(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 500000"))
    await ended(terminal)
    viewer = terminal.view(after=7)
    assert viewer.offset == terminal.scrollback.beginning > 7
    seen = await rest(viewer)
    assert seen == kept(terminal)[-len(seen) :]
    assert await rest(terminal.view(after=terminal.scrollback.end)) == b""
    with pytest.raises(InvalidValue, match="after"):
        terminal.view(after=terminal.scrollback.end + 1)


async def test_a_viewer_who_takes_nothing_stops_the_shell_and_not_the_others(
    ada: SessionContext, ben: SessionContext
) -> None:
    flood = await ada.get(Terminals).open(sh("yes & yes; wait"))
    other = await ben.get(Terminals).open(sh("seq 1 300000"))
    stuck = flood.view(after=flood.scrollback.end)
    await eventually(lambda: flood.scrollback.end - stuck.offset > LAG_BYTES)
    await ended(other)
    held = flood.scrollback.end
    assert held - stuck.offset <= LAG_BYTES + 16_384
    await asyncio.sleep(0.2)
    assert flood.scrollback.end == held, "the shell went on although its viewer is far behind"
    for _ in range(20):
        assert await stuck.next()
    await eventually(lambda: flood.scrollback.end > held)


async def test_a_viewer_who_stays_stuck_is_dropped_and_the_shell_goes_on(hasty: None, ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 400000"))
    stuck = terminal.view()
    await ended(terminal)
    assert stuck.closed
    assert await stuck.next() == b""
    assert kept(terminal).endswith(b"400000\r\n")


async def test_a_viewer_who_is_slow_but_moves_is_never_dropped(hasty: None, ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 200000"))
    slow, seen = terminal.view(), b""
    for _ in range(12):
        await asyncio.sleep(0.2)
        seen += await slow.next()
    assert not slow.closed
    seen += await rest(slow)
    assert seen == b"".join(b"%d\r\n" % n for n in range(1, 200_001))


async def test_a_lost_viewer_is_waited_for_and_finds_every_byte(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 300000"))
    seen = await until(viewer := terminal.view(), b"\n9999\r\n")
    viewer.lose()
    assert terminal.watched
    await asyncio.sleep(0.3)
    held = terminal.scrollback.end
    await asyncio.sleep(0.2)
    assert terminal.scrollback.end == held, "output went on although nobody is there to see it"
    seen += await rest(terminal.view(after=len(seen)))
    assert seen == b"".join(b"%d\r\n" % n for n in range(1, 300_001))


async def test_a_viewer_who_does_not_come_back_is_forgotten(hasty: None, ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 300000"))
    terminal.view().lose()
    await ended(terminal)
    assert not terminal.watched


async def test_one_who_detaches_is_not_waited_for(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 300000"))
    terminal.view().detach()
    await ended(terminal)


async def test_one_who_is_lost_does_not_stop_those_who_are_there(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(BASH)
    here, gone = terminal.view(), terminal.view()
    gone.lose()
    await terminal.send(b"echo he''re\r")
    assert b"here" in await until(here, b"here")


async def test_who_acknowledges_gets_no_more_than_is_allowed_ahead(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("seq 1 100000"))
    viewer, taken = terminal.view(), 0
    viewer.acknowledge(0)
    async with asyncio.timeout(30):
        while taken < IN_FLIGHT - 4:
            taken += len(viewer.read())
            await asyncio.sleep(0.01)
    await eventually(lambda: len(kept(terminal)) > taken + 1_000)
    assert viewer.read() == b"" and taken <= IN_FLIGHT
    viewer.acknowledge(1_000)
    await asyncio.sleep(0)
    assert len(viewer.read()) in range(997, 1_001)
    for wrong in (-1, taken + 2_000):
        with pytest.raises(InvalidValue, match="offset"):
            viewer.acknowledge(wrong)


async def test_input_that_nobody_reads_is_bounded_and_waited_for(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("stty raw -echo; echo go; sleep 0.5; head -c 3000000 | wc -c"))
    await until(terminal.view(), b"go")
    typed = 0
    while terminal.type(b"x" * 65_536):
        typed += 65_536
    assert typed <= 2 << 20
    await terminal.send(b"y" * (3_000_000 - typed))
    await ended(terminal)
    assert b"3000000" in kept(terminal)


async def test_what_is_sent_comes_in_its_order_however_much_waits(ada: SessionContext) -> None:
    script = "stty raw -echo; echo go; sleep 0.2; head -c 2000001 >all; tail -c 1 all; grep -q '[.]x' all || echo whole"
    terminal = await ada.get(Terminals).open(sh(script))
    await until(terminal.view(), b"go")
    first = ada.promise(terminal.send(b"x" * 2_000_000), "send")
    await asyncio.gather(first, ada.promise(terminal.send(b"."), "send"))
    await ended(terminal)
    assert kept(terminal).endswith(b".whole\n")


async def test_what_waits_for_a_deaf_shell_is_bounded(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("stty raw -echo; echo go; sleep 100"))
    await until(terminal.view(), b"go")
    sending = [ada.promise(terminal.send(b"x" * (1 << 20)), "send") for _ in range(12)]
    await eventually(lambda: any(one.done() and one.exception() for one in sending))
    refused = [one.exception() for one in sending if one.done() and one.exception()]
    assert refused
    assert all(isinstance(error, Overloaded) for error in refused)
    await ada.get(Terminals).dispose(terminal.id)
    await asyncio.gather(*sending, return_exceptions=True)


async def test_the_end_is_seen_although_something_still_sits_at_the_terminal(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("sleep 1000 & echo left; exit 3"))
    await ended(terminal)
    assert terminal.exit_code == 3
    assert b"left" in kept(terminal)


async def test_what_floods_on_after_the_shell_ended_is_cut_off(ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(sh("trap '' HUP; yes & sleep 0.1; exit 4"))
    await ended(terminal)
    assert terminal.exit_code == 4


async def test_a_shell_that_closes_its_terminal_and_opens_it_again_is_still_read(ada: SessionContext) -> None:
    script = "exec </dev/null >/dev/null 2>&1; sleep 0.3; exec >/dev/tty; echo back; exit 6"
    terminal = await ada.get(Terminals).open(sh(script))
    await ended(terminal)
    assert terminal.exit_code == 6
    assert b"back" in kept(terminal)


async def test_a_session_with_a_living_terminal_does_not_sleep(sessions: SessionManager, ada: SessionContext) -> None:
    terminal = await ada.get(Terminals).open(BASH)
    for moment in (1e9, 2e9, 3e9):
        await sessions.sweep(now=moment)
        assert sessions.get("ada") is ada
    await terminal.send(b"exit\r")
    await eventually(lambda: not ada.busy)
    for moment in (4e9, 5e9):
        await sessions.sweep(now=moment)
    assert sessions.get("ada") is None


async def test_when_a_session_ends_so_does_everything_in_its_terminals(
    sessions: SessionManager, ada: SessionContext
) -> None:
    terminal = await ada.get(Terminals).open(BASH)
    await terminal.send(
        b"trap '' HUP TERM; setsid sleep 7777 & (setsid setsid sleep 7778 &); sleep 7779 & echo re''ady\r"
    )
    await until(terminal.view(), b"ready")
    await eventually(lambda: len(sleepers()) >= 3)
    await sessions.close("ada")
    assert sleepers() == []


def sleepers() -> list[str]:
    """Processes of this machine that sleep as those above do."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            command = Path("/proc", name, "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"sleep\x00777"):
            found.append(name)
    return found


async def test_a_terminal_that_nobody_looks_at_is_closed_if_it_is_so_set(ada: SessionContext) -> None:
    ada.keep_terminals_s = 0.3
    terminals = ada.get(Terminals)
    kept_open, alone = await terminals.open(BASH), await terminals.open(BASH)
    viewer = kept_open.view()
    await eventually(lambda: [one.id for one in terminals] == [kept_open.id])
    assert alone.ended
    viewer.detach()
    await eventually(lambda: not list(terminals))


async def test_the_quota_is_of_living_terminals_and_ended_ones_make_room(ada: SessionContext) -> None:
    ada.quotas = Quotas(terminals=2)
    terminals = ada.get(Terminals)
    first, second = await terminals.open(sh("exit 1")), await terminals.open(BASH)
    await ended(first)
    third = await terminals.open(BASH)
    assert [one.id for one in terminals] == [second.id, third.id]
    with pytest.raises(QuotaExceeded, match="terminals"):
        await terminals.open(BASH)
    await terminals.dispose(third.id)
    results = await asyncio.gather(*(terminals.open(BASH) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, Terminal) for one in results) == 1, "several at once must not slip through together"


async def test_without_a_sandbox_nothing_is_started(ada: SessionContext) -> None:
    ada.make_sandbox = None
    with pytest.raises(SandboxUnavailable, match="no sandbox"):
        await ada.get(Terminals).open(BASH)


async def test_when_the_sandbox_dies_its_terminals_end_and_the_next_one_opens(ada: SessionContext) -> None:
    terminals = ada.get(Terminals)
    terminal = await terminals.open(BASH)
    viewer = terminal.view()
    await terminal.send(b"echo re''ady; kill -9 1; kill -9 -1\r")
    await until(viewer, b"ready")
    (await ada.sandbox())._holder.end("the test ends it")  # type: ignore[union-attr]
    await ended(terminal)
    assert terminal.exit_code is None
    again = await terminals.open(sh("echo back"))
    await ended(again)
    assert again.exit_code == 0


async def test_many_terminals_flood_and_the_quiet_one_is_heard(ada: SessionContext, ben: SessionContext) -> None:
    for _ in range(8):
        await ada.get(Terminals).open(sh("exec yes"))
    quiet = await ben.get(Terminals).open(BASH)
    viewer = quiet.view()
    for number in range(20):
        await quiet.send(b"echo n$((%d+0))n\r" % number)
        await until(viewer, b"n%dn" % number, within_s=2)
