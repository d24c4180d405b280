"""The DevTools protocol over a pipe: commands to a browser, what it answers and tells. It knows no page and no user."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from shim.proposed.processes import Process
from shim.thenable import thenable

MESSAGE_BYTES = 64 << 20
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
        """Ask, and give the answer. Raises `BrowserGone`, and `ValueError` with what the browser objects to."""
        if not self.is_open:
            raise BrowserGone("the browser has ended: launch it again")
        self._count += 1
        number = self._count
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
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
        size = 0
        while data := await self._process.read():
            *ended, rest = data.split(b"\0")
            for last in ended:
                whole, size = b"".join([*pieces, last]), 0
                pieces.clear()
                self._hear(whole)
            pieces.append(rest)
            size += len(rest)
            if size > MESSAGE_BYTES:
                return

    def _hear(self, message: bytes) -> None:
        try:
            said = json.loads(message)
        except ValueError:
            return
        waiting = self._waiting.get(said.get("id", 0))
        if waiting is not None and not waiting.done():
            waiting.set_result(said)
        elif "method" in said:
            self._heard(said["method"], said.get("params", {}))

    async def close(self) -> None:
        """End the browser with all that belongs to it."""
        await self._process.kill()
        self._process.close()
        await asyncio.wait({self._reading}, timeout=5)
