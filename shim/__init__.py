"""VS Code's API for extensions: `import shim as vscode`. Only names are gathered here; each is made in its module."""

from __future__ import annotations

from sessions.errors import FileSystemError
from shim.cancellation import CancellationError, CancellationToken, CancellationTokenSource
from shim.enums import FilePermission, FileType
from shim.events import Disposable, Event, EventEmitter
from shim.uri import Uri

__all__ = [
    "CancellationError",
    "CancellationToken",
    "CancellationTokenSource",
    "Disposable",
    "Event",
    "EventEmitter",
    "FilePermission",
    "FileSystemError",
    "FileType",
    "Uri",
]
