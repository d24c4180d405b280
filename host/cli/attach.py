"""`roost attach`: one of your terminals on a running host, shown in the one you sit at."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from host.cli.far import Far, Refused, far, reaching, refused, unreachable
from host.cli.showing import show_json, show_rows

KEY = "ctrl-]"
AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""The pauses between tries to get a lost connection back; the last one is repeated."""

PATIENCE_S = 60.0
"""How long a lost connection is tried again. The shell waits half a minute, then goes on without you."""

READ_BYTES = 65_536


@click.command(
    short_help="Work in a terminal of yours on a running host.",
    epilog="\b\nExamples:\n  roost attach                 the terminal there is, or a new one\n"
    "  roost attach 3f9a            the one whose id begins so\n"
    "  roost attach --new --name build\n  roost attach --list --json",
)
@click.argument("terminal", required=False)
@click.option("--new", is_flag=True, help="Open a new terminal.")
@click.option("--name", help="What the new terminal is called.")
@click.option("--list", "listing", is_flag=True, help="Only say which terminals there are.")
@click.option("--detach-key", default=KEY, show_default=True, help="The key that leaves the terminal running.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON.")
@reaching
def attach(
    terminal: str | None, new: bool, name: str | None, listing: bool, detach_key: str, as_json: bool, **where: Any
) -> None:
    """Work in a terminal of yours on a running host; it goes on when you leave, and when the connection breaks."""
    host, key = far(**where), key_of(detach_key)
    if terminal and new:
        raise click.UsageError("--new opens a terminal: leave out the id of one.")
    if listing:
        _list(host, as_json)
        return
    if as_json:
        raise click.UsageError("--json goes with --list.")
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise Refused("attach: standard input and output must be a terminal; `roost attach --list` needs none.")
    seat = Seat(host, terminal, new or name is not None, name, key)
    with raw(sys.stdin.fileno()):
        code = asyncio.run(seat.sit())
    click.echo(f"\r\n{seat.last_words}", err=True)
    sys.exit(code)


def key_of(text: str) -> bytes:
    """The byte of a key such as `ctrl-]`; raises `UsageError`."""
    name = text.lower().removeprefix("ctrl-")
    if name == text.lower() or len(name) != 1 or not "@" <= name.upper() <= "_":
        raise click.UsageError("--detach-key: write ctrl- and a letter or one of @[\\]^_, such as ctrl-].")
    return bytes([ord(name.upper()) & 0x1F])


def _list(host: Far, as_json: bool) -> None:
    async def listed() -> list[dict[str, Any]]:
        async with Line(host) as line:
            found: list[dict[str, Any]] = await line.ask("terminal.list")
            return found

    found = asyncio.run(listed())
    if as_json:
        show_json(found)
        return
    states = [f"ended, {one['exitCode']}" if "exitCode" in one else "runs" for one in found]
    rows = [
        (one["terminalId"], one["name"], str(one["processId"] or ""), state)
        for one, state in zip(found, states, strict=True)
    ]
    show_rows(("id", "name", "process", "state"), rows, "you have no terminal; `roost attach --new` opens one")


@contextmanager
def raw(fd: int) -> Iterator[None]:
    """The terminal gives every key as it is, until the body ends."""
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


class Line:
    """One connection: `async with`, questions, then frames."""

    def __init__(self, host: Far) -> None:
        self._host = host
        self._count = 0
        self._early: list[bytes] = []

    async def __aenter__(self) -> Line:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException

        try:
            self.socket = await connect(
                self._host.socket, additional_headers=self._host.headers, max_size=None, compression=None, proxy=None
            )
            opened = await self.ask("session.open")
        except InvalidStatus as error:
            raise Refused(f"the host refused ({error.response.status_code}); see --token and --uid.") from None
        except (OSError, WebSocketException) as error:
            code = getattr(getattr(error, "rcvd", None), "code", None)
            if code in (4400, 4401, 4403):
                raise Refused(refused(code, error.rcvd.reason or "see --token and --uid")) from None  # type: ignore[union-attr]
            raise unreachable(self._host.url, error) from None
        self.uid = opened["uid"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def ask(self, method: str, **params: Any) -> Any:
        """The result of a request; output that comes before it is kept for `frames`. Raises `Refused`."""
        import json

        self._count += 1
        await self.tell(method, self._count, **params)
        async for frame in self.socket:
            if isinstance(frame, bytes):
                self._early.append(frame)
                continue
            message = json.loads(frame)
            if message.get("id") == self._count and "method" not in message:
                if "error" in message:
                    hint = "; see --token and --uid" if message["error"]["code"] in (-32002, -32003) else ""
                    raise Refused(f"the host refused: {message['error']['message'].rstrip('.')}{hint}.")
                return message["result"]
        raise OSError("the connection was closed")

    async def tell(self, method: str, id_: int | None = None, **params: Any) -> None:
        """Send a request whose answer nobody waits for."""
        import json

        uid = getattr(self, "uid", None) or self._host.uid
        who = {"uid": uid} if uid else self._own_uid()
        self._count += id_ is None
        asked = {"jsonrpc": "2.0", "id": id_ or self._count, "method": method, "params": params}
        await self.socket.send(json.dumps(asked | who))

    def _own_uid(self) -> dict[str, str]:
        """What the token says; the host checks it."""
        import base64
        import json

        try:
            payload = (self._host.token or "").split(".")[1]
            return {"uid": json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]}
        except (IndexError, ValueError, KeyError, TypeError):
            return {}

    async def frames(self) -> Any:
        """Everything that comes from now on: bytes, and messages as text."""
        early, self._early = self._early, []
        for frame in early:
            yield frame
        async for later in self.socket:
            yield later


class Seat:
    """Whoever sits at this terminal, from the first connection to the end; `last_words` say how it ended."""

    def __init__(self, host: Far, wanted: str | None, new: bool, name: str | None, key: bytes) -> None:
        self._host = host
        self._wanted = wanted
        self._new = new
        self._name = name
        self._key = key
        self._terminal = ""
        self._channel = 0
        self._offset: int | None = None
        self._left = asyncio.Event()
        self._keys: asyncio.Queue[bytes] = asyncio.Queue(64)
        self._code = 0
        self.last_words = ""

    async def sit(self) -> int:
        """Until the shell ends (its exit code), the user leaves (0), or the host is gone for good."""
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), self._typed)
        try:
            failures, since = 0, loop.time()
            while not self._left.is_set():
                try:
                    async with Line(self._host) as line:
                        await self._enter(line)
                        failures, since = 0, loop.time()
                        await self._work(line)
                except (OSError, Refused) as error:
                    failures += 1
                    if not self._terminal or loop.time() - since > PATIENCE_S:
                        raise Refused(str(error)) from None
                if not self._left.is_set():
                    self._say(f"[connection lost; trying again, {self._key_name} leaves]")
                    await self._pause(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
        finally:
            loop.remove_reader(sys.stdin.fileno())
        return self._code

    @property
    def _key_name(self) -> str:
        return f"ctrl-{chr(self._key[0] | 0x40).lower()}"

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(f"\r\n{text}\r\n")
        sys.stderr.flush()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._left.wait()
        except TimeoutError:
            return

    # -- one connection

    async def _enter(self, line: Line) -> None:
        columns, rows = os.get_terminal_size(sys.stdin.fileno())
        if not self._terminal:
            self._terminal = await self._choose(line, columns, rows)
        after = {} if self._offset is None else {"after": self._offset}
        shown = await line.ask("terminal.attach", terminalId=self._terminal, **after)
        self._channel, self._offset = shown["channel"], shown["offset"]
        await line.tell("terminal.resize", terminalId=self._terminal, columns=columns, rows=rows)

    async def _choose(self, line: Line, columns: int, rows: int) -> str:
        living = [one for one in await line.ask("terminal.list") if "exitCode" not in one]
        if self._wanted:
            found = [one["terminalId"] for one in living if one["terminalId"].startswith(self._wanted)]
            if len(found) != 1:
                raise Refused(f"{self._wanted}: {len(found)} of your terminals begin so; see `roost attach --list`.")
            return str(found[0])
        if living and not self._new:
            return str(living[-1]["terminalId"])
        name = {"name": self._name} if self._name else {}
        made = await line.ask("window.createTerminal", columns=columns, rows=rows, **name)
        self._say(f"[terminal {made['terminalId']}; {self._key_name} leaves it running]")
        return str(made["terminalId"])

    async def _work(self, line: Line) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._keys.put_nowait, b"")
        try:
            async with asyncio.TaskGroup() as group:
                typing = group.create_task(self._type(line))
                showing = group.create_task(self._show(line))
                leaving = group.create_task(self._left.wait())
                await asyncio.wait({typing, showing, leaving}, return_when=asyncio.FIRST_COMPLETED)
                for task in (typing, showing, leaving):
                    task.cancel()
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)

    def _typed(self) -> None:
        data, found, _ = os.read(sys.stdin.fileno(), 4_096).partition(self._key)
        if data and not self._keys.full():
            self._keys.put_nowait(data)
        if found:
            self.last_words = f"[left; the terminal goes on: roost attach {self._terminal}]"
            self._left.set()

    async def _type(self, line: Line) -> None:
        from websockets.exceptions import ConnectionClosed

        from host.wire import HEADER, INPUT

        try:
            while True:
                data = await self._keys.get()
                if data:
                    await line.socket.send(HEADER.pack(INPUT, self._channel, 0) + data)
                else:  # the window has another size
                    columns, rows = os.get_terminal_size(sys.stdin.fileno())
                    await line.tell("terminal.resize", terminalId=self._terminal, columns=columns, rows=rows)
        except ConnectionClosed:
            return

    async def _show(self, line: Line) -> None:
        import json

        from websockets.exceptions import ConnectionClosed

        from host.wire import HEADER

        try:
            async for frame in line.frames():
                if isinstance(frame, bytes):
                    _, channel, offset = HEADER.unpack_from(frame)
                    if channel == self._channel:
                        await asyncio.to_thread(write_all, sys.stdout.fileno(), frame[HEADER.size :])
                        self._offset = offset + len(frame) - HEADER.size
                    continue
                message = json.loads(frame)
                if message.get("method") == "terminal.exit" and message["params"]["terminalId"] == self._terminal:
                    self._end(message["params"]["exitCode"])
                    return
        except ConnectionClosed:
            return

    def _end(self, code: int | None) -> None:
        self._code = 1 if code is None else code
        self.last_words = f"[the shell has ended{'' if code is None else f' with {code}'}]"
        self._left.set()


def write_all(fd: int, data: bytes) -> None:
    """Blocks until the terminal took it: the host's shell waits for a slow one."""
    while data:
        data = data[os.write(fd, data) :]
