"""`vscode.window`'s output channels: text of extensions for the user, kept as far back as there is room. No files."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.enums import LogLevel, ViewColumn
from shim.env import Environment
from shim.events import Event, EventEmitter
from shim.surface import Piece, Surface
from shim.utf16 import utf16_length, utf16_slice
from shim.values import ReadOnly, as_text

if TYPE_CHECKING:
    from sessions.context import SessionContext

KEPT = 512 * 1024
"""Characters of one channel that are kept, the newest."""

ALL = 16 * KEPT
"""Characters of all channels of one user that are kept: where there are more, the oldest of the longest channel go."""

TOGETHER = 8 * 1024
"""Characters that are kept as one text, however small or large the steps in which they came."""

MOST = 200
"""Channels of one user."""


class Output(NamedTuple):
    """A part of a channel: `text` goes from `begin` to `end`, counted in characters since the channel was made."""

    text: str
    begin: int
    end: int


class Kept:
    """How much one user's channels keep."""

    __slots__ = ("size",)

    def __init__(self, session: SessionContext) -> None:
        self.size = 0
        """Characters, of all together."""


class OutputChannel(Piece):
    """A text that an extension adds to and the user may look at."""

    __slots__ = ("_counted", "_kept", "_name", "_parts", "begin", "end", "language_id")

    name = ReadOnly[str]()

    kind = "outputChannel"

    def __init__(self, name: str, language_id: str | None = None) -> None:
        if not isinstance(name, str) or not name.strip():
            raise InvalidValue("name", "must be a string that is not empty")
        if language_id is not None and not as_text(language_id, "language_id").strip():
            raise InvalidValue("language_id", "must not be empty; leave it out where there is none")
        if len(current_session().get(Surface).all(OutputChannel)) >= MOST:
            raise InvalidValue("name", f"{MOST} output channels are open already; dispose of some first")
        super().__init__()
        self._name = name.strip()
        self.language_id = language_id
        self._parts: deque[tuple[int, str]] = deque()
        self.begin = self.end = 0
        """From where to where its text is kept, in characters since it was made."""
        self._kept = current_session().get(Kept)
        self._counted = 0
        self.changed()

    def state(self) -> Mapping[str, Any] | None:
        """Its names and how far it goes; the text itself is for `read`."""
        return {
            "name": self.name,
            "extension": self.extension,
            "languageId": self.language_id,
            "begin": self.begin,
            "end": self.end,
        }

    def append(self, value: str) -> None:
        """Add a text as it is. What is too far back is forgotten."""
        if self.disposed:
            raise InvalidValue("channel", f"'{self.name}' is disposed of; create another one")
        text = as_text(value, "value")
        if not text:
            return
        length = utf16_length(text)
        if length > KEPT:
            text = utf16_slice(text, length - KEPT, length)
            self._parts.clear()
            self.begin = self.end + length - utf16_length(text)
            self.end = self.begin
        for at in range(0, len(text), TOGETHER):
            self._add(text[at : at + TOGETHER])
        while self.end - self.begin > KEPT:
            self._drop_oldest()
        self._count()
        while self._kept.size > ALL:
            max(self._surface.all(OutputChannel), key=lambda one: one.end - one.begin)._drop_oldest()
        self.changed()

    def _add(self, text: str) -> None:
        self.end += utf16_length(text)
        if self._parts and len(self._parts[-1][1]) + len(text) <= TOGETHER:
            text = self._parts.pop()[1] + text
        self._parts.append((self.end, text))

    def _drop_oldest(self) -> None:
        self.begin, _ = self._parts.popleft()
        self._count()
        self.changed()

    def _count(self) -> None:
        """Have what is kept here among what is kept of all."""
        before, self._counted = self._counted, self.end - self.begin
        self._kept.size += self._counted - before

    def append_line(self, value: str) -> None:
        """Add a text and a line end."""
        self.append(f"{value}\n")

    def replace(self, value: str) -> None:
        """Have this text instead of all."""
        self.clear()
        self.append(value)

    def clear(self) -> None:
        """Forget all that was added."""
        self._parts.clear()
        self.begin = self.end
        self._count()
        self.changed()

    def dispose(self) -> None:
        self.clear()
        super().dispose()

    def show(self, column_or_preserve_focus: ViewColumn | bool | None = None, preserve_focus: bool = False) -> None:
        """Let the user see it. `preserve_focus` leaves the cursor where it is."""
        keeps = column_or_preserve_focus is True or preserve_focus
        self._surface.reveal(self, preserveFocus=keeps)

    def hide(self) -> None:
        """Let the user see something else."""
        self._surface.reveal(self, hidden=True)

    def read(self, after: int = 0) -> Output:
        """What was added after the offset `after`, as far back as it is kept."""
        begin = max(self.begin, min(after, self.end))
        texts = []
        for end, text in reversed(self._parts):
            if end <= begin:
                break
            length = utf16_length(text)
            texts.append(text if end - length >= begin else utf16_slice(text, length - (end - begin), length))
        return Output("".join(reversed(texts)), begin, self.end)


class LogOutputChannel(OutputChannel):
    """A channel of lines with a level; those below `log_level` are not kept. The user may set that level."""

    __slots__ = ("_changed", "_follows", "_level")

    def __init__(self, name: str) -> None:
        super().__init__(name, "log")
        environment = current_session().get(Environment)
        self._level = environment.level
        self._changed = EventEmitter[LogLevel]()
        self._follows = environment.level_changed.event(self._take)

    @property
    def on_did_change_log_level(self) -> Event[LogLevel]:
        """Fires with the level that the user set."""
        return self._changed.event

    @property
    def log_level(self) -> LogLevel:
        """What is kept: this level and what is graver; nothing where it is OFF. At first that of `env.log_level`."""
        return self._level

    def set_log_level(self, level: LogLevel) -> None:
        """The user wants to see more of this channel, or less: it follows `env` no more. Not in VS Code's API."""
        self._follows.dispose()
        self._take(level)

    def _take(self, level: LogLevel) -> None:
        if level != self._level:
            self._level = level
            self._changed.fire(level)
            self.changed()

    def dispose(self) -> None:
        self._follows.dispose()
        super().dispose()

    def state(self) -> Mapping[str, Any] | None:
        return {**(super().state() or {}), "logLevel": self._level}

    def append(self, value: str) -> None:
        """A line of the level INFO, as in VS Code."""
        self.info(value)

    def append_line(self, value: str) -> None:
        """As `append`: each has a line of its own."""
        self.append(value)

    def trace(self, message: str, *args: object) -> None:
        self._log(LogLevel.TRACE, message, args)

    def debug(self, message: str, *args: object) -> None:
        self._log(LogLevel.DEBUG, message, args)

    def info(self, message: str, *args: object) -> None:
        self._log(LogLevel.INFO, message, args)

    def warn(self, message: str, *args: object) -> None:
        self._log(LogLevel.WARNING, message, args)

    def error(self, error: str | BaseException, *args: object) -> None:
        """An error as a sentence; an exception brings where it was raised."""
        told = error if isinstance(error, str) else "".join(traceback.format_exception(error)).rstrip()
        self._log(LogLevel.ERROR, told, args)

    def _log(self, level: LogLevel, message: str, args: tuple[object, ...]) -> None:
        if self._level == LogLevel.OFF or level < self._level:
            return
        time = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        words = " ".join(map(_told, (message, *args)))
        super().append(f"{time} [{level.name.lower()}] {words}\n")


def _told(thing: object) -> str:
    """A value in a line: a text as it is, data as JSON, an exception as what it says."""
    if isinstance(thing, str | BaseException):
        return str(thing)
    import orjson  # on first need only

    try:
        return orjson.dumps(thing, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
    except (TypeError, ValueError):
        return str(thing)


@overload
def create_output_channel(name: str, language_id: str | None = None) -> OutputChannel: ...


@overload
def create_output_channel(name: str, *, log: Literal[True]) -> LogOutputChannel: ...


def create_output_channel(name: str, language_id: str | None = None, *, log: bool = False) -> OutputChannel:
    """A new channel; with `log` one of lines with levels."""
    return LogOutputChannel(name) if log else OutputChannel(name, language_id)
