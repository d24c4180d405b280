"""`vscode.workspace`: the current user's folders, files and documents. It keeps nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from sessions.errors import InvalidValue, RoostError
from shim import encodings, saving
from shim.absent import absent_member
from shim.applying import apply_edit
from shim.configuration import Configurations, get_configuration
from shim.document import (
    FileCreateEvent,
    FileDeleteEvent,
    FileRenameEvent,
    FileWillCreateEvent,
    FileWillDeleteEvent,
    FileWillRenameEvent,
    TextDocument,
    TextDocumentChangeEvent,
    TextDocumentWillSaveEvent,
)
from shim.documents import Documents
from shim.events import Disposable, Event, never
from shim.file_operations import FileOperations
from shim.filesystems import FileSystemProvider, FileSystems
from shim.folders import Folders, WorkspaceFolder, WorkspaceFoldersChangeEvent, checked
from shim.fs import FileSystem
from shim.namespace import fix
from shim.reading import LARGE
from shim.scopes import ConfigurationChangeEvent
from shim.search import find_files
from shim.text_search import find_text_in_files
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri
from shim.virtual import TextDocumentContentProvider, Virtual
from shim.watchers import create_file_system_watcher

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.tasks import TaskProvider

__all__ = ["apply_edit", "create_file_system_watcher", "find_files", "find_text_in_files", "get_configuration"]

fs = FileSystem()

workspace_folders: tuple[WorkspaceFolder, ...] | None
"""The folders of the current user's workspace; None where they have taken all away."""

root_path: str | None
"""The path of the first folder (VS Code keeps it for old code: use `workspace_folders`)."""

name: str | None
"""The workspace's name: that of its folder."""

workspace_file: Uri | None
"""The file that a workspace of several folders is kept in; None where there is one folder."""

is_trusted: bool
"""Always true: what a user runs, they run in a sandbox of their own."""

text_documents: tuple[TextDocument, ...]
"""The documents that are open now."""

on_did_change_workspace_folders: Event[WorkspaceFoldersChangeEvent]
"""Fires when folders are added or taken away."""

on_did_open_text_document: Event[TextDocument]
"""Fires when a document is opened, or goes on in another language."""

on_did_close_text_document: Event[TextDocument]
"""Fires when a document is closed, or goes on in another language."""

on_did_change_text_document: Event[TextDocumentChangeEvent]
"""Fires when a text changes, or its being dirty."""

on_will_save_text_document: Event[TextDocumentWillSaveEvent]
"""Fires before a document is saved; a listener may make edits first, within 1.75 s."""

on_did_save_text_document: Event[TextDocument]
"""Fires when a document was saved."""

on_will_create_files: Event[FileWillCreateEvent]
"""Fires before `apply_edit` creates files."""

on_did_create_files: Event[FileCreateEvent]
"""Fires when `apply_edit` created files."""

on_will_delete_files: Event[FileWillDeleteEvent]
"""Fires before `apply_edit` deletes files."""

on_did_delete_files: Event[FileDeleteEvent]
"""Fires when `apply_edit` deleted files."""

on_will_rename_files: Event[FileWillRenameEvent]
"""Fires before `apply_edit` renames files."""

on_did_rename_files: Event[FileRenameEvent]
"""Fires when `apply_edit` renamed files."""

on_did_change_configuration: Event[ConfigurationChangeEvent]
"""Fires when settings were changed, by whomever."""


# -- folders


def get_workspace_folder(uri: Uri) -> WorkspaceFolder | None:
    """The innermost folder of the workspace that `uri` is in, or is; None where it is in none."""
    return current_session().get(Folders).around(as_uri(uri, "uri"))


def as_relative_path(path_or_uri: str | Uri, include_workspace_folder: bool | None = None) -> str:
    """A path as it reads within its workspace folder; one that is in none stays as it is.

    The folder's name stands before it with `include_workspace_folder`, by itself where there are several folders.
    """
    return current_session().get(Folders).relative(path_or_uri, include_workspace_folder)


def update_workspace_folders(
    start: int, delete_count: int | None, *workspace_folders_to_add: Uri | Mapping[str, Any]
) -> bool:
    """Put folders, as Uris or `{"uri": ..., "name": ...}`, in place of `delete_count` ones from `start` on.

    False, and nothing is changed, where that makes no sense or one would be there twice. Kept over sleep and restart.
    """
    added = [_folder(one) for one in workspace_folders_to_add]
    return current_session().get(Folders).update(start, delete_count, added)


def _folder(given: Uri | Mapping[str, Any]) -> tuple[Uri, str | None]:
    return (checked(given["uri"]), given.get("name")) if isinstance(given, Mapping) else (checked(given), None)


# -- documents


def open_text_document(
    uri: Uri | str | None = None,
    *,
    language: str | None = None,
    content: str | None = None,
    encoding: str | None = None,
) -> Thenable[TextDocument]:
    """The document of a Uri or path; without one, a new untitled one in `language` with `content`.

    The same resource gives the same object. Raises `FileSystemError`, also of what is binary or over 8 MiB.
    """
    return thenable(_opened(uri, language, content, encoding), "workspace.open_text_document")


async def _opened(uri: object, language: str | None, content: str | None, encoding: str | None) -> TextDocument:
    documents = current_session().get(Documents)
    if uri is None:
        return await documents.untitled(content or "", language)
    if language is not None or content is not None:
        raise InvalidValue("uri", "goes without language and content: those make a new untitled document")
    found = Uri.file(uri) if isinstance(uri, str) else as_uri(uri, "uri")
    return await documents.open(found, None if encoding is None else encodings.checked(encoding))


def save(uri: Uri) -> Thenable[Uri | None]:
    """Save the open document of `uri`; its Uri then, None where none is open or it cannot be saved."""
    return thenable(_saved(as_uri(uri, "uri")), "workspace.save")


async def _saved(uri: Uri) -> Uri | None:
    session = current_session()
    documents = session.get(Documents)
    document = documents.find(uri)
    if document is None:
        return None
    if document.is_untitled and not uri.path.startswith("/"):
        return await _saved_as(uri)
    return uri.with_(scheme="file") if await saving.save_or_tell(session, documents, document) else None


def save_as(uri: Uri) -> Thenable[Uri | None]:
    """Ask the user for a path and save the open document of `uri` there; the file's Uri, or None."""
    return thenable(_saved_as(as_uri(uri, "uri")), "workspace.save_as")


async def _saved_as(uri: Uri) -> Uri | None:
    session = current_session()
    documents = session.get(Documents)
    document = documents.find(uri)
    if document is None:
        return None
    try:
        saved = await saving.ask_where(session, documents, document)
    except RoostError as error:
        documents.tell_failed(document, str(error))
        return None
    return None if saved is None else saved.uri


def save_all(include_untitled: bool = False) -> Thenable[bool]:
    """Save every dirty document, untitled ones only if asked for; False where one of them could not be."""
    return thenable(_all_saved(include_untitled), "workspace.save_all")


async def _all_saved(include_untitled: bool) -> bool:
    session = current_session()
    documents = session.get(Documents)
    dirty = [one for one in documents.all if one.is_dirty and (include_untitled or not one.is_untitled)]
    return all([await saving.save_or_tell(session, documents, one) for one in dirty])


def register_text_document_content_provider(scheme: str, provider: TextDocumentContentProvider) -> Disposable:
    """Let `provider` say what stands in the documents of `scheme`, which nobody can edit."""
    session = current_session()
    session.get(Documents)
    return session.get(Virtual).register(scheme, provider)


def register_file_system_provider(
    scheme: str,
    provider: FileSystemProvider,
    *,
    is_case_sensitive: bool = True,
    is_readonly: bool = False,
) -> Disposable:
    """Let `provider` have the files of `scheme`: for `workspace.fs` and for documents. Names are taken as they are."""
    session = current_session()
    session.get(Documents)
    return session.get(FileSystems).register(scheme, provider, is_readonly=is_readonly)


def decode(content: bytes, *, encoding: str | None = None, uri: Uri | None = None) -> Thenable[str]:
    """Bytes as text: by their byte order mark, else by `encoding`, else as UTF-8."""
    return thenable(_decoded(bytes(content), encoding, uri), "workspace.decode")


async def _decoded(content: bytes, encoding: str | None, uri: Uri | None) -> str:
    name = "content" if uri is None else uri.path
    if len(content) < LARGE:
        return encodings.decoded(name, content, encoding)[0]
    return (await asyncio.to_thread(encodings.decoded, name, content, encoding))[0]


def encode(content: str, *, encoding: str | None = None, uri: Uri | None = None) -> Thenable[bytes]:
    """Text as bytes, UTF-8 if not told otherwise."""
    return thenable(_encoded(content, encoding or "utf8", uri), "workspace.encode")


async def _encoded(content: str, encoding: str, uri: Uri | None) -> bytes:
    name = "content" if uri is None else uri.path
    if len(content) < LARGE:
        return encodings.encoded(name, content, encoding)
    return await asyncio.to_thread(encodings.encoded, name, content, encoding)


def _root_path(session: SessionContext) -> str | None:
    folders = session.get(Folders).all
    return folders[0].uri.fs_path if folders else None


on_did_grant_workspace_trust = never
"""`is_trusted` is True from the beginning."""

notebook_documents: tuple[()] = ()
"""There are no notebooks here."""


def register_task_provider(type: str, provider: TaskProvider) -> Disposable:
    """As `tasks.register_task_provider`; VS Code calls it deprecated."""
    from shim import tasks  # loaded when it is named

    return tasks.register_task_provider(type, provider)


_LIVE: Mapping[str, Callable[[SessionContext], Any]] = {
    "workspace_folders": lambda session: session.get(Folders).all or None,
    "root_path": _root_path,
    "name": lambda session: session.get(Folders).name,
    "workspace_file": lambda session: session.get(Folders).file,
    "is_trusted": lambda session: True,
    "text_documents": lambda session: session.get(Documents).all,
    "on_did_change_workspace_folders": lambda session: session.get(Folders).changed.event,
    "on_did_open_text_document": lambda session: session.get(Documents).on_open,
    "on_did_close_text_document": lambda session: session.get(Documents).on_close,
    "on_did_change_text_document": lambda session: session.get(Documents).on_change,
    "on_will_save_text_document": lambda session: session.get(Documents).on_will_save,
    "on_did_save_text_document": lambda session: session.get(Documents).on_save,
    "on_did_change_configuration": lambda session: session.get(Configurations).on_change,
    "on_will_create_files": lambda session: session.get(FileOperations).will_create.event,
    "on_did_create_files": lambda session: session.get(FileOperations).created.event,
    "on_will_delete_files": lambda session: session.get(FileOperations).will_delete.event,
    "on_did_delete_files": lambda session: session.get(FileOperations).deleted.event,
    "on_will_rename_files": lambda session: session.get(FileOperations).will_rename.event,
    "on_did_rename_files": lambda session: session.get(FileOperations).renamed.event,
}
"""What is looked up for the current user each time."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session())
        return absent_member(__name__, name)


fix(__name__)
