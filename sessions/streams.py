"""Pipes as streams, on whatever loop, without the loops' own transports.

uvloop's close a pipe twice, and in a process with threads the second time may hit what another thread has just opened.
"""

from __future__ import annotations

import asyncio
import os

CHUNK_BYTES = 65536


class PipeReader(asyncio.ReadTransport):
    """Feeds what comes out of `fd`, which is non-blocking and from now on its own, into `reader`.

    A reader whose buffer is full is fed no more until somebody has read from it.
    """

    __slots__ = ("_fd", "_loop", "_reader")

    def __init__(self, fd: int, reader: asyncio.StreamReader) -> None:
        super().__init__()
        self._fd = fd
        self._reader: asyncio.StreamReader | None = reader
        self._loop = asyncio.get_running_loop()
        reader.set_transport(self)
        self.resume_reading()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data and self._reader is not None:
            self._reader.feed_data(data)
        else:
            self.close()

    def pause_reading(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._read)

    def is_closing(self) -> bool:
        return self._fd < 0

    def close(self) -> None:
        """Close the pipe; who reads gets what has come, then the end of file."""
        fd, self._fd = self._fd, -1
        reader, self._reader = self._reader, None  # it holds this
        if fd >= 0:
            self._loop.remove_reader(fd)
            os.close(fd)
        if reader is not None:
            reader.feed_eof()


class PipeWriter:
    """Writes into `fd`, which is non-blocking and from now on its own, as `asyncio.StreamWriter` does."""

    __slots__ = ("_buffer", "_closing", "_fd", "_loop", "_problem", "_waiting")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._closing = False
        self._problem: OSError | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def write(self, data: bytes) -> None:
        """Take `data` to be written in its turn; nothing is, once nobody reads any more."""
        if self._closing or self._fd < 0:
            return
        empty = not self._buffer
        self._buffer += data
        if empty and self._buffer:
            self._loop.add_writer(self._fd, self._write)

    async def drain(self) -> None:
        """Return once little waits to be written. Raises `BrokenPipeError` if nobody reads any more."""
        while len(self._buffer) > CHUNK_BYTES and self._problem is None:
            waiting = self._loop.create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)
        if self._problem is not None:
            raise self._problem

    def _write(self) -> None:
        try:
            written = os.write(self._fd, bytes(self._buffer[:CHUNK_BYTES]))
            del self._buffer[:written]
        except BlockingIOError:
            return
        except OSError as error:
            self._problem = error
            self._buffer.clear()
        if self._problem is not None or (self._closing and not self._buffer):
            self.abort()
        elif not self._buffer:
            self._loop.remove_writer(self._fd)
        self._wake()

    def _wake(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def close(self) -> None:
        """Close the pipe once all is written; the other side then reads its end of file."""
        self._closing = True
        if not self._buffer:
            self.abort()

    def abort(self) -> None:
        """Close the pipe now."""
        fd, self._fd = self._fd, -1
        self._buffer.clear()
        if fd >= 0:
            self._loop.remove_writer(fd)
            os.close(fd)
        self._wake()
