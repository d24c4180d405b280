"""`vscode.window.with_progress`: work that the user sees, and may stop where it says so."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from sessions.errors import InvalidValue
from shim.cancellation import CancellationToken, CancellationTokenSource
from shim.enums import ProgressLocation
from shim.surface import Piece, Shown
from shim.thenable import Thenable, called, thenable

T = TypeVar("T")


class Progress(Piece):
    """How far a work is, as it reports: VS Code's `Progress<{message, increment}>`."""

    __slots__ = ("_source", "token")

    kind = "progress"

    location = Shown[int](0)
    view_id = Shown[str | None](None)
    title = Shown[str | None](None)
    cancellable = Shown[bool](False)
    message = Shown[str | None](None)
    percent = Shown[float | None](None)

    def __init__(self) -> None:
        super().__init__()
        self._source = CancellationTokenSource()
        self.token: CancellationToken = self._source.token

    def report(self, message: str | Mapping[str, Any] | None = None, increment: float | None = None) -> None:
        """Say what is being done, or how many percent more are done; also as one `{"message", "increment"}`.

        Increments add up, to 100 at most; without any the user sees that it goes on and not how far.
        """
        if isinstance(message, Mapping):
            step = message
            message, increment = step.get("message"), step.get("increment")
        if message is not None:
            self.message = message
        if increment is not None and math.isfinite(increment):
            self.percent = min(100.0, max(0.0, (self.percent or 0.0) + increment))

    def cancel(self) -> None:
        """The user wants it to stop. Raises `InvalidValue` where it cannot be."""
        if not self.cancellable:
            raise InvalidValue("handle", "names a work that cannot be cancelled")
        self._source.cancel()


def with_progress(
    task: Callable[[Progress, CancellationToken], T | Awaitable[T]],
    *,
    location: ProgressLocation | Mapping[str, str],
    title: str | None = None,
    cancellable: bool = False,
) -> Thenable[T]:
    """Run `task(progress, token)`, plain or async, and show that it runs; gives what it gives.

    `location` is a `ProgressLocation` or `{"view_id": ...}`. Only a NOTIFICATION can be cancelled by the user, as in
    VS Code; the task decides what it makes of it.
    """
    progress = Progress()
    if isinstance(location, Mapping):
        progress.view_id = location.get("view_id")
    else:
        progress.location = int(ProgressLocation(location))
    progress.title = title
    progress.cancellable = cancellable and location == ProgressLocation.NOTIFICATION
    work = thenable(called(task, progress, progress.token), "window.with_progress")
    work.add_done_callback(lambda _: progress.dispose())
    return work


def with_scm_progress(task: Callable[[Progress], T | Awaitable[T]]) -> Thenable[T]:
    """As `with_progress` beside the source control; VS Code calls it deprecated."""
    return with_progress(lambda progress, _: task(progress), location=ProgressLocation.SOURCE_CONTROL)
