"""`vscode.workspace`: the folder that the current user works in, and its files. It keeps nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from shim.fs import FileSystem
from shim.uri import Uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext


@readonly
class WorkspaceFolder(Value):
    """One folder of the workspace; `index` is its place among them."""

    uri: Uri
    name: str
    index: int


fs = FileSystem()

workspace_folders: tuple[WorkspaceFolder, ...]
"""The folders of the current user's workspace."""

root_path: str
"""The path of the first folder (VS Code keeps it for old code: use `workspace_folders`)."""

name: str
"""The workspace's name: that of its folder."""

workspace_file: Uri | None
"""The file that a workspace of several folders is kept in; None, as there is one folder."""


def _folders(session: SessionContext) -> tuple[WorkspaceFolder, ...]:
    return (WorkspaceFolder(Uri.file(session.workspace), _name(session), 0),)


def _name(session: SessionContext) -> str:
    return session.workspace.rstrip("/").rpartition("/")[2] or "/"


_LIVE: Mapping[str, Callable[[SessionContext], Any]] = {
    "workspace_folders": _folders,
    "root_path": lambda session: session.workspace,
    "name": _name,
    "workspace_file": lambda session: None,
}
"""What is looked up for the current user each time."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session())
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
