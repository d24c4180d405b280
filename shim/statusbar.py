"""`vscode.window`'s status bar: items and short messages of the current user's extensions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from contextvars import Context
from typing import Any
from weakref import ref

from sessions.current import current_extension, current_session
from shim.commands import Commands
from shim.enums import StatusBarAlignment
from shim.events import Disposable
from shim.markdown import MarkdownString
from shim.surface import Piece, Shown
from shim.types import AccessibilityInformation, Command, ThemeColor
from shim.values import ReadOnly

BACKGROUNDS = ("statusBarItem.errorBackground", "statusBarItem.warningBackground")
"""The only backgrounds that VS Code lets an item have."""


class StatusBarItem(Piece):
    """A short text in the status bar, seen after `show()`. `text` may have icons: `$(check) done`."""

    __slots__ = ("_alignment", "_id", "_priority", "_visible")

    kind = "statusBarItem"

    def __init__(self, id: str, alignment: StatusBarAlignment, priority: float | None) -> None:
        super().__init__()
        self._visible = False
        self._id = id
        self._alignment = alignment
        self._priority = priority

    id = ReadOnly[str]()
    alignment = ReadOnly[StatusBarAlignment]()
    priority = ReadOnly[float | None]()
    name = Shown[str | None](None)
    text = Shown[str]("")
    tooltip = Shown[str | MarkdownString | None](None)
    color = Shown[str | ThemeColor | None](None)
    command = Shown[str | Command | None](None)
    accessibility_information = Shown[AccessibilityInformation | None](None)
    background_color = Shown[ThemeColor | None](
        None, lambda color: color if getattr(color, "id", "") in BACKGROUNDS else None
    )
    """Only `statusBarItem.errorBackground` and `.warningBackground` are taken."""

    def state(self) -> Mapping[str, Any] | None:
        if not self._visible:
            return None
        return {"id": self.id, "alignment": self.alignment, "priority": self.priority, "text": "", **self.attributes()}

    def show(self) -> None:
        self._visible = True
        self.changed()

    def hide(self) -> None:
        self._visible = False
        self.changed()

    async def run(self) -> Any:
        """The user clicked it: run its command. Raises what the command raises."""
        if not self.command:
            return None
        command = Command("", self.command) if isinstance(self.command, str) else self.command
        return await current_session().get(Commands).execute(command.command, *command.arguments or ())


def create_status_bar_item(
    id: str | StatusBarAlignment | None = None,
    alignment: StatusBarAlignment | float | None = None,
    priority: float | None = None,
) -> StatusBarItem:
    """A new item, not shown yet: `(alignment, priority)`, or `(id, alignment, priority)` as VS Code has both.

    Items with a higher `priority` stand further to the left.
    """
    if id is not None and not isinstance(id, str):
        id, alignment, priority = None, id, priority if alignment is None else alignment
    side = StatusBarAlignment.LEFT if alignment is None else StatusBarAlignment(int(alignment))
    return StatusBarItem(id or current_extension() or "", side, priority)


class StatusBarMessage(Piece):
    """A text that stands in the status bar for a while; clients show the newest."""

    __slots__ = ("_timer",)

    kind = "statusBarMessage"

    text = Shown[str]("")

    def __init__(self) -> None:
        super().__init__()
        self._timer: asyncio.TimerHandle | None = None

    def hide_after(self, seconds: float) -> None:
        """Dispose of it then. The loop has no hold of it: it would keep a session that ends before."""
        later = asyncio.get_running_loop().call_later
        self._timer = later(max(0.0, seconds), _gone, ref(self), context=Context())

    def dispose(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().dispose()


def _gone(message: ref[StatusBarMessage]) -> None:
    if (there := message()) is not None:
        there.dispose()


def set_status_bar_message(text: str, hide_when_done: float | Awaitable[object] | None = None) -> Disposable:
    """Show a text until this is disposed of, for so many milliseconds, or until an awaitable is done."""
    message = StatusBarMessage()
    message.text = text
    if isinstance(hide_when_done, int | float):
        message.hide_after(hide_when_done / 1000)
    elif hide_when_done is not None:
        current_session().start(_when_done(hide_when_done, message), "hide a status bar message", current_extension())
    return Disposable(message.dispose)


async def _when_done(work: Awaitable[object], message: StatusBarMessage) -> None:
    with suppress(Exception):  # whoever made it hears of its failure: here only that it has ended counts
        await work
    message.dispose()
