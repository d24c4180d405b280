"""The folders of a user's workspace: which there are, what lies in which, and how a path reads within them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sessions.errors import InvalidValue, RoostError
from sessions.paths import uri_of
from shim.events import EventEmitter, HasEvents
from shim.uri import Uri, as_uri
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.shim")

MOST = 100
"""Folders that one workspace may have."""

PUT = (
    "INSERT INTO kv (namespace, scope, key, value) VALUES ('workspace', 'folders', 'folders', ?)"
    " ON CONFLICT DO UPDATE SET value = excluded.value"
)


@readonly
class WorkspaceFolder(Value):
    """One folder of the workspace, the same object as long as it is one; `index` is its place among them."""

    uri: Uri
    name: str
    index: int

    def be(self, name: str, index: int) -> None:
        """The workspace has it under another name, or at another place."""
        self.__dict__.update(name=name, index=index)


@readonly
class WorkspaceFoldersChangeEvent(Value):
    """Folders that are in the workspace now and were not before, and the other way round."""

    added: tuple[WorkspaceFolder, ...]
    removed: tuple[WorkspaceFolder, ...]


class Folders(HasEvents):
    """One user's workspace folders: the one that the host gave them, until an extension or client says otherwise."""

    __slots__ = ("_all", "_session", "changed")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        uri = Uri.file(session.workspace)
        self._all = folders_of([(uri, uri.basename() or "/")])
        self.changed = EventEmitter[WorkspaceFoldersChangeEvent]()

    @property
    def all(self) -> tuple[WorkspaceFolder, ...]:
        """The folders in their order."""
        return self._all

    @property
    def name(self) -> str | None:
        """The workspace's name: its folder's, where it has just one; None where it has none."""
        folders = self.all
        return folders[0].name if len(folders) == 1 else "Untitled (Workspace)" if folders else None

    @property
    def file(self) -> Uri | None:
        """The file that a workspace of several folders is kept in: none yet, so an `untitled:` Uri."""
        return None if len(self.all) == 1 else Uri("untitled", "", "workspace")

    def around(self, uri: Uri, *, parent: bool = False) -> WorkspaceFolder | None:
        """The innermost folder that `uri` is in, or is; with `parent`, of a folder the one that holds it."""
        if parent and any(_same(folder.uri, uri) for folder in self.all):
            uri = uri.dirname()
        found = [folder for folder in self.all if _holds(folder.uri, uri)]
        return max(found, key=lambda folder: len(folder.uri.path.rstrip("/")), default=None)

    def relative(self, path_or_uri: str | Uri, include_workspace_folder: bool | None = None) -> str:
        """A path as it reads within its folder, with the folder's name before it if asked for or if there are more.

        What lies in no folder, and a folder itself, stays as it is.
        """
        is_text = isinstance(path_or_uri, str)
        uri = Uri.file(path_or_uri) if isinstance(path_or_uri, str) else as_uri(path_or_uri, "path_or_uri")
        folder = self.around(uri, parent=True)
        if folder is None:
            return str(path_or_uri) if is_text else uri.fs_path
        include = len(self.all) > 1 if include_workspace_folder is None else include_workspace_folder
        relative = uri.path[len(folder.uri.path.rstrip("/")) + 1 :]
        return f"{folder.name}/{relative}" if include and folder.name else relative

    def update(self, start: int, delete_count: int | None, added: Sequence[tuple[Uri, str | None]]) -> bool:
        """VS Code's `updateWorkspaceFolders`: False, and nothing changed, where that makes no sense."""
        before, delete_count = self.all, delete_count or 0
        if not _is_index(start) or not _is_index(delete_count) or not (delete_count or added):
            return False
        if start + delete_count > len(before):
            return False
        wanted = [(folder.uri, folder.name) for folder in before]
        wanted[start : start + delete_count] = [(uri, name or uri.basename() or uri.authority) for uri, name in added]
        if len({_spelled(uri) for uri, _ in wanted}) < len(wanted) or len(wanted) > MOST:
            return False
        if wanted == [(folder.uri, folder.name) for folder in before]:
            return False
        self._change(wanted)
        return True

    def _change(self, wanted: Sequence[tuple[Uri, str]]) -> None:
        """Folders that stay are the same objects; extensions hear of what came and went, clients of new names too."""
        before, told_before = {_spelled(one.uri): one for one in self._all}, dict(map(_told_by, self._all))
        made = [
            before.get(_spelled(uri)) or WorkspaceFolder(uri, name, index) for index, (uri, name) in enumerate(wanted)
        ]
        for index, (folder, (_, name)) in enumerate(zip(made, wanted, strict=True)):
            folder.be(name, index)
        self._all = tuple(made)
        kept = json.dumps([[folder.uri.to_json(), folder.name] for folder in made]).encode()
        self._session.store.write(PUT, (kept,))
        told = dict(map(_told_by, made))
        self._tell(
            [{"uri": uri, "name": name} for uri, name in told.items() if told_before.get(uri) != name],
            [{"uri": uri, "name": name} for uri, name in told_before.items() if told.get(uri) != name],
        )
        added = tuple(folder for folder in made if _spelled(folder.uri) not in before)
        removed = tuple(folder for folder in before.values() if folder not in self._all)
        self.changed.fire(WorkspaceFoldersChangeEvent(added, removed))

    def _tell(self, added: list[dict[str, str]], removed: list[dict[str, str]]) -> None:
        try:
            self._session.mailbox.post("workspace.onDidChangeWorkspaceFolders", {"added": added, "removed": removed})
        except RoostError as error:  # the folders are what they are: `session.open` says so too
            log.warning("an event of %s is not told: %s", self._session.uid, error)

    def choose(self, folders: tuple[WorkspaceFolder, ...]) -> None:
        """Have these from now on, without telling anybody."""
        self._all = folders


def restore(session: SessionContext, kept: bytes) -> None:
    """Have the folders that were chosen in an earlier session."""
    try:
        found = folders_of([(Uri.from_(uri), str(name)) for uri, name in json.loads(kept)])
    except (ValueError, TypeError, AttributeError) as error:
        log.error("the workspace folders of %s cannot be read; they have the first one again: %r", session.uid, error)
        return
    session.get(Folders).choose(found)


def folders_of(wanted: Iterable[tuple[Uri, str]]) -> tuple[WorkspaceFolder, ...]:
    """Folders of Uris and names, numbered."""
    return tuple(WorkspaceFolder(uri, name, index) for index, (uri, name) in enumerate(wanted))


def checked(uri: object) -> Uri:
    """`uri` as that of a folder; raises `InvalidValue` of anything else than a Uri."""
    folder = as_uri(uri, "uri")
    if not folder.path.startswith("/"):
        raise InvalidValue("uri", "must be that of a folder, such as Uri.file('/workspace/src')")
    return folder


def wire_folder(folder: WorkspaceFolder) -> dict[str, str]:
    """A folder as clients are told of it."""
    return {"uri": uri_of(folder.uri.path) if folder.uri.scheme == "file" else str(folder.uri), "name": folder.name}


def _told_by(folder: WorkspaceFolder) -> tuple[str, str]:
    told = wire_folder(folder)
    return told["uri"], told["name"]


def _is_index(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _spelled(uri: Uri) -> str:
    return str(uri.with_(path=uri.path.rstrip("/") or "/"))


def _same(one: Uri, other: Uri) -> bool:
    return _spelled(one) == _spelled(other)


def _holds(folder: Uri, uri: Uri) -> bool:
    if (folder.scheme, folder.authority) != (uri.scheme, uri.authority):
        return False
    top = folder.path.rstrip("/")
    return uri.path.rstrip("/") == top or uri.path.startswith(top + "/")
