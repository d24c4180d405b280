"""What the host writes down: one line an event, with whose turn it is and without secrets. Who logs uses `logging`."""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from host.layers import ConfigError
from host.masking import ENTRIES, LONGEST, ROOM, Mask, Room, one_line, shown
from sessions.current import current_turn

if TYPE_CHECKING:
    from host.tables import Logging

LOGGERS = ("roost", "uvicorn")
WAITING = 4 * 1024 * 1024
"""Characters that wait to be written; what comes while they do is dropped and counted."""
LONGEST_LINE = 8 * LONGEST
FRAMES = 32
ROWS = 200
GIVEN = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
    "traceback",
    "cut",
}

log = logging.getLogger("roost.host")


class Sink(Protocol):
    """Where lines go. It is used by one thread."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...


class Lines(logging.Handler):
    """Makes a line where something is logged, in the turn of whose work it is, and writes it in a thread of its own.

    The loop never waits for a disk or a pipe: once `WAITING` characters wait, more are dropped, and how many is said.
    """

    def __init__(self, sink: Sink, mask: Mask, *, console: bool) -> None:
        super().__init__()
        self._sink = sink
        self._mask = mask
        self._render = as_text if console else as_json
        self._queue: queue.SimpleQueue[Callable[[], str] | threading.Event | None] = queue.SimpleQueue()
        self._taken = self._written = 0  # each is counted up by one thread only, and so are the next two
        self._dropped = self._told = 0
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        if self._taken - self._written > WAITING:
            self._dropped += 1
            return
        room = Room()
        event = self._event(record, room)
        trace = _trace(record)
        size = ROOM - room.left + (LONGEST if trace else 0)
        self._taken += size
        self._queue.put(lambda: self._line(event, trace, size))

    def _event(self, record: logging.LogRecord, room: Room) -> dict[str, Any]:
        """What the line says; what is given with a call never replaces these or whose turn it is."""
        at = datetime.fromtimestamp(record.created, UTC)
        event: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._mask.value(_message(record), "", room),
        }
        turn = current_turn()
        if turn is not None:
            event |= {"uid": turn.uid} | ({"extension": turn.extension} if turn.extension else {})
        given = [(name, value) for name, value in vars(record).items() if name not in GIVEN and name not in event]
        return event | {self._mask.text(name): self._mask.value(value, name, room) for name, value in given[:ENTRIES]}

    def _line(self, event: dict[str, Any], trace: traceback.TracebackException | None, size: int) -> str:
        self._written += size
        if trace is not None:
            event["traceback"] = self._mask.tail("".join(deque(trace.format(), ROWS)))
        return self._render(event)

    def _write_on(self) -> None:
        while (waiting := self._queue.get()) is not None:
            try:
                self._write(waiting)
            except Exception:  # noqa: BLE001  the edge of the log: there is nowhere left to say that it failed
                continue

    def _write(self, waiting: Callable[[], str] | threading.Event) -> None:
        if isinstance(waiting, threading.Event):
            waiting.set()
            return
        if lost := self._dropped - self._told:
            self._told += lost
            self._sink.write(self._render(_lost(lost)))
        self._sink.write(waiting())
        self._sink.flush()

    def flush(self) -> None:
        """Wait until all that was logged is written, at most five seconds."""
        if self._thread.is_alive():
            done = threading.Event()
            self._queue.put(done)
            done.wait(5)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(5)
        super().close()


def _lost(count: int) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = f"{count} log lines were dropped: they came faster than they could be written"
    return {"time": now, "level": "warning", "logger": "roost.host", "message": text}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  the edge of a log call: it must never fail for what it is given
        return shown(record.msg)


def _trace(record: logging.LogRecord) -> traceback.TracebackException | None:
    """What is needed of an exception to write it later: no frame is held, and no source is read here."""
    kind, error, frames = record.exc_info or (None, None, None)
    if kind is None or error is None:
        return None
    return traceback.TracebackException(kind, error, frames, limit=-FRAMES, lookup_lines=False, compact=True)


def as_json(event: dict[str, Any]) -> str:
    """One JSON object in ASCII on one line."""
    line = json.dumps(event, default=shown)
    if len(line) > LONGEST_LINE:
        kept = {name: event[name] for name in ("time", "level", "logger", "uid", "message") if name in event}
        line = json.dumps(kept | {"cut": len(line)})
    return f"{line}\n"


def as_text(event: dict[str, Any]) -> str:
    """One line to read: time, level, uid, logger, message, then all else; a traceback follows, each row marked."""
    head = [event.pop(name) for name in ("time", "level", "logger", "message")]
    rows = event.pop("traceback", "").splitlines()
    who = [event.pop("uid", "-")]
    rest = [f"{one_line(name)}={json.dumps(value, default=shown, ensure_ascii=False)}" for name, value in event.items()]
    time, level, logger, message = head
    parts = [time[11:23], f"{level:<7}", *who, f"{logger}:", message, *rest]
    line = one_line(" ".join(str(part) for part in parts))[:LONGEST_LINE]
    return "\n".join([line, *(f"    | {one_line(row)}" for row in rows)]) + "\n"


class Rotated:
    """A file of at most `limit` bytes; a full one becomes `NAME.1`, that one `NAME.2`, up to `backups`."""

    def __init__(self, path: Path, limit: int, backups: int) -> None:
        self._path = path
        self._limit = limit
        self._backups = backups
        self._open()

    def _open(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "ab")
        self._size = os.fstat(descriptor).st_size

    def write(self, text: str) -> None:
        content = text.encode("utf-8", "backslashreplace")
        if self._size and self._size + len(content) > self._limit:
            self._turn()
        self._file.write(content)
        self._size += len(content)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _turn(self) -> None:
        self._file.close()
        try:
            for number in range(self._backups - 1, 0, -1):
                if (kept := self._named(number)).exists():
                    kept.replace(self._named(number + 1))
            if self._backups:
                self._path.replace(self._named(1))
            else:
                self._path.unlink()
        finally:
            self._open()

    def _named(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def configure(settings: Logging, secrets: Iterable[str] = (), loggers: Sequence[str] = LOGGERS) -> Callable[[], None]:
    """Log as `settings` say, with `secrets` hidden wherever they turn up; gives back the undo.

    Only `loggers` and what is below them are touched, so an embedder's logging stays as it is; a host that has the
    process to itself may name the root (`""`) too. Raises `ConfigError` where the file cannot be written.
    """
    sink = _sink(settings)
    handler = Lines(sink, Mask(secrets), console=_is_console(settings))
    found = [logging.getLogger(name) for name in loggers]
    before = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in found]
    for logger in found:
        logger.setLevel(settings.level.upper())
        logger.propagate = False
        logger.handlers[:] = [handler]

    def undo() -> None:
        for logger, level, propagate, handlers in before:
            logger.setLevel(level)
            logger.propagate = propagate
            logger.handlers[:] = handlers
        handler.close()
        if isinstance(sink, Rotated):
            sink.close()

    return undo


def _sink(settings: Logging) -> Sink:
    if settings.file is None:
        return sys.stderr
    try:
        return Rotated(settings.file, settings.max_bytes, settings.backups)
    except OSError as error:
        raise ConfigError(
            f"logging.file: cannot be written ({error.strerror}); name a file in a folder that can"
        ) from None


def _is_console(settings: Logging) -> bool:
    return settings.format == "console" or (settings.format == "auto" and settings.file is None and sys.stderr.isatty())


def task_failed(name: str, error: BaseException) -> None:
    """Log that a task of the host itself ended with `error`."""
    log.error("the task %s failed", name, exc_info=error)


def session_task_failed(uid: str, name: str, error: BaseException) -> None:
    """Log that a task of one user's session ended with `error`."""
    log.error("the task %s failed", name, exc_info=error, extra={"uid": uid})
