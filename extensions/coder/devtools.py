"""The DevTools protocol over a pipe: commands to a browser, what it answers and tells. It knows no page and no user."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from shim.proposed.processes import Process
from shim.thenable import thenable

MESSAGE_BYTES = 64 << 20
LARGE_BYTES = 64 << 10
"""Of a message that is read beside the loop."""

REST = 3.0
"""How much longer than it was worked on a browser that says much is not listened to: others want the loop, too."""

BUSY_SECONDS = 0.002
ANSWER_SECONDS = 30.0
Heard = Callable[[str, dict[str, Any]], None]
"""Called with an event's name and parameters."""


class BrowserGone(Exception):
    """The browser has ended, or does not answer."""


class DevTools:
    """A browser whose process reads commands from its input and writes to its output, each ended by a NUL."""

    def __init__(self, process: Process, heard: Heard) -> None:
        self._process = process
        self._heard = heard
        self._count = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = thenable(self._read(), "browser")
        self.session: str | None = None
        """The page that commands are for, once there is one."""

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the page; gives its answer. Raises `BrowserGone`, and `ValueError` with what the browser objects to."""
        return await self.call_in(self.session, method, **parameters)

    async def call_browser(self, method: str, **parameters: Any) -> dict[str, Any]:
        """As `call`, of the browser as a whole: all its pages and frames, in whatever process."""
        return await self.call_in(None, method, **parameters)

    async def call_in(self, session: str | None, method: str, **parameters: Any) -> dict[str, Any]:
        """As `call`, of what has that session: a page, a frame or a worker; None: the browser."""
        if not self.is_open:
            raise BrowserGone("the browser has ended: launch it again")
        self._count += 1
        number = self._count
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._process.write(json.dumps(message).encode() + b"\0")
                said = await answer
        except (TimeoutError, BrokenPipeError):
            raise BrowserGone(f"the browser did not answer ({method}): close it and launch it again") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in said:
            raise ValueError(str(said["error"].get("message", "the browser refused")))
        result: dict[str, Any] = said.get("result", {})
        return result

    async def _read(self) -> None:
        try:
            await self._read_all()
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(BrowserGone("the browser has ended: launch it again"))
                    waiting.exception()

    async def _read_all(self) -> None:
        pieces: deque[bytes] = deque()
        size, worked = 0, 0.0
        while data := await self._process.read():
            *ended, rest = data.split(b"\0")
            for last in ended:
                whole, size = b"".join([*pieces, last]), 0
                pieces.clear()
                worked += await self._hear(whole)
                if worked > BUSY_SECONDS:  # what is there already is read without a turn for anybody else
                    await asyncio.sleep(worked * REST)
                    worked = 0.0
            pieces.append(rest)
            size += len(rest)
            if size > MESSAGE_BYTES:
                return

    async def _hear(self, message: bytes) -> float:
        """Take a message; gives how many seconds of the loop that took."""
        said = await asyncio.to_thread(_read, message) if len(message) > LARGE_BYTES else None
        began = time.monotonic()
        self._take(_read(message) if said is None else said)
        return time.monotonic() - began

    def _take(self, said: dict[str, Any]) -> None:
        number, told = said.get("id"), said.get("params")
        waiting = self._waiting.get(number) if isinstance(number, int) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(said)
        elif isinstance(said.get("method"), str):
            self._heard(said["method"], told if isinstance(told, dict) else {})

    async def close(self) -> None:
        """End the browser with all that belongs to it."""
        await self._process.kill()
        self._process.close()
        await asyncio.wait({self._reading}, timeout=5)


def _read(message: bytes) -> dict[str, Any]:
    """A message; an empty one of what is none. Other programs of the sandbox may write there, too."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
