"""`roost attach` in a real terminal, against a real host: keys, size, leaving, coming back, a lost connection."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client import Process, running
from tests.host.cli.test_asking import ROOT, refusal, roost
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder

pytestmark = pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)


@pytest.fixture(scope="module")
def host() -> Iterator[Process]:
    with folder() as data, running(data / "data", MULTI_USER="1") as started:
        yield started


class Screen:
    """A terminal with `roost attach` in it."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.master, slave = pty.openpty()
        self.size(90, 30)
        clean = {"PATH": os.environ["PATH"], "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "host", "attach", *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT,
            env=clean | environ, start_new_session=True,
        )  # fmt: skip
        self.modes = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = b""

    def size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def see(self, text: str, seconds: float = 20) -> str:
        """What is shown from the last call on, up to and with `text`."""
        until = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < until, f"{text!r} did not come, only {self.seen!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65_536)
        shown, _, self.seen = self.seen.partition(text.encode())
        return shown.decode(errors="replace") + text

    def end(self, seconds: float = 20) -> int:
        return self.process.wait(seconds)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@contextmanager
def screen(host: Process | str, uid: str, *arguments: str) -> Iterator[Screen]:
    url = host if isinstance(host, str) else host.base
    made = Screen(*arguments, ROOST_URL=url, ROOST_UID=uid)
    try:
        yield made
    finally:
        made.close()


def test_it_is_a_terminal_with_keys_sizes_and_an_exit_code(host: Process) -> None:
    with screen(host, "ann", "--name", "mine") as one:
        one.see("leaves it running]")
        one.see("$ ")
        one.type("stty size; echo $((6*7)) there\r")
        one.see("30 90")
        one.see("42 there")
        one.size(70, 20)
        one.process.send_signal(signal.SIGWINCH)
        one.type("sleep 0.2; stty size\r")
        one.see("20 70")
        one.type("sh -c 'echo be\"\"gun; exec sleep 100'\r")
        one.see("begun")  # else the key may come while the shell still reads the line, or starts what is to get it
        one.type("\x03")
        one.see("$ ")
        one.type("exit 7\r")
        one.see("ended with 7]")
        assert one.end() == 7
        assert termios.tcgetattr(one.slave) == one.modes


def test_who_leaves_finds_everything_where_it_was(host: Process) -> None:
    with screen(host, "bea", "--new") as one:
        one.see("$ ")
        one.type("echo first-$((1+1)); X=kept\r")
        one.see("first-2")
        one.type("\x1d")
        one.see("the terminal goes on")
        assert one.end() == 0
    with screen(host, "bea") as two:
        two.see("first-2")
        two.type("echo still $X\r")
        two.see("still kept")
        two.type("\x1d")
        assert two.end() == 0


def test_a_lost_connection_is_got_back_with_nothing_lost_or_doubled(host: Process) -> None:
    with cable(host) as (url, cut), screen(url, "cid", "--new") as one:
        one.see("$ ")
        one.type("for n in $(seq 1 400); do echo line-$n; [ $((n % 40)) = 0 ] && sleep 0.1; done; echo all-$((1+1))\r")
        one.see("line-50\r\n")
        cut()
        text = one.see("all-2", 40)
        one.type("\x1d")
        assert one.end() == 0
        assert "connection lost" in text
        text = re.sub(r"\r\n\[connection lost.*? leaves\]\r\n", "", text)  # it may stand within a line
        lines = [line for line in text.splitlines() if line.startswith("line-")]
        assert lines == [f"line-{n}" for n in range(51, 401)]


def test_another_users_terminal_is_not_there(host: Process) -> None:
    listed = roost("attach", "--list", "--json", ROOST_URL=host.base, ROOST_UID="eve")
    assert listed.stdout == "[]\n"
    with screen(host, "dan", "--new") as one:
        one.see("$ ")
        one.type("\x1d")
        assert one.end() == 0
    assert "dan" not in roost("attach", "--list", ROOST_URL=host.base, ROOST_UID="eve").stdout
    assert "bash" in roost("attach", "--list", ROOST_URL=host.base, ROOST_UID="dan").stdout
    with screen(host, "eve", "0123") as two:
        two.see("of your terminals begin so")
        assert two.end() == 2


def test_it_wants_a_terminal_and_a_key_that_there_is(host: Process) -> None:
    mine = {"ROOST_URL": host.base, "ROOST_UID": "fay"}
    assert "must be a terminal" in refusal(roost("attach", **mine))
    assert "--detach-key" in refusal(roost("attach", "--detach-key", "enter", **mine))
    assert "--list" in refusal(roost("attach", "--json", **mine))


@contextmanager
def cable(host: Process) -> Iterator[tuple[str, Any]]:
    """A way to the host that can be cut: what is connected then is reset, later connections work."""
    far = urlsplit(host.base)
    listener = socket.create_server(("127.0.0.1", 0))
    near = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pairs: list[socket.socket] = []
    was_cut: list[socket.socket] = []

    def carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((far.hostname or "", far.port or 0))
            pairs.extend((client, server))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()

    def cut() -> None:
        for each in pairs:
            with suppress(OSError):  # the other end of the pair may have taken it along
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)
        was_cut.extend(pairs)
        pairs.clear()

    try:
        yield near, cut
    finally:
        listener.close()
        for each in (*pairs, *was_cut):
            each.close()
