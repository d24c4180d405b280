"""`vscode.window`'s dialogs: the current user chooses files or folders of theirs, on whichever client answers first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.paths import path_of
from shim import workspace
from shim.folders import WorkspaceFolder
from shim.picks import QuickPickItem, show_quick_pick
from shim.questions import ask, shown
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri
from shim.values import Value, value

MOST = 10_000
"""Files of one answer."""


@value
class OpenDialogOptions(Value):
    """What an open dialog is asked with, where it is not said by keywords."""

    default_uri: Uri | None = None
    open_label: str | None = None
    can_select_files: bool | None = None
    can_select_folders: bool = False
    can_select_many: bool = False
    filters: Mapping[str, Sequence[str]] | None = None
    title: str | None = None


@value
class SaveDialogOptions(Value):
    """What a save dialog is asked with, where it is not said by keywords."""

    default_uri: Uri | None = None
    save_label: str | None = None
    filters: Mapping[str, Sequence[str]] | None = None
    title: str | None = None


def show_open_dialog(
    options: OpenDialogOptions | None = None,
    *,
    default_uri: Uri | None = None,
    open_label: str | None = None,
    can_select_files: bool | None = None,
    can_select_folders: bool = False,
    can_select_many: bool = False,
    filters: Mapping[str, Sequence[str]] | None = None,
    title: str | None = None,
) -> Thenable[list[Uri] | None]:
    """Let the user choose what is there; None where they do not. `filters` are file extensions by a name for them.

    Files can be chosen unless only folders are asked for.
    """
    if options is not None:
        return show_open_dialog(**{name: getattr(options, name) for name in OpenDialogOptions._fields})
    more = {
        "openLabel": open_label,
        "canSelectFiles": not can_select_folders if can_select_files is None else can_select_files,
        "canSelectFolders": can_select_folders,
        "canSelectMany": can_select_many,
    }
    return thenable(_open(_options(default_uri, filters, title, more)), "window.show_open_dialog")


async def _open(params: dict[str, Any]) -> list[Uri] | None:
    answer = await ask("window.showOpenDialog", params)
    chosen = answer[:MOST] if isinstance(answer, list) else [answer]
    uris = [uri for one in chosen if (uri := _chosen(one)) is not None]
    return uris if params["canSelectMany"] else uris[:1] or None


def show_save_dialog(
    options: SaveDialogOptions | None = None,
    *,
    default_uri: Uri | None = None,
    save_label: str | None = None,
    filters: Mapping[str, Sequence[str]] | None = None,
    title: str | None = None,
) -> Thenable[Uri | None]:
    """Let the user name a file to write to; None where they do not. Nothing is written here."""
    if options is not None:
        return show_save_dialog(**{name: getattr(options, name) for name in SaveDialogOptions._fields})
    return thenable(_save(_options(default_uri, filters, title, {"saveLabel": save_label})), "window.show_save_dialog")


async def _save(params: dict[str, Any]) -> Uri | None:
    return _chosen(await ask("window.showSaveDialog", params))


def _options(
    default_uri: Uri | None, filters: Mapping[str, Sequence[str]] | None, title: str | None, more: dict[str, Any]
) -> dict[str, Any]:
    start = Uri.file(current_session().workspace) if default_uri is None else as_uri(default_uri, "default_uri")
    kinds = None if filters is None else {shown(name): [shown(one) for one in ends] for name, ends in filters.items()}
    texts = {name: shown(one) if isinstance(one, str) else one for name, one in {"title": title, **more}.items()}
    return {"defaultUri": str(start), "filters": kinds, **texts}


def _chosen(answer: object) -> Uri | None:
    """The Uri that a client's answer means: a path, or a `file:` Uri; None for all else."""
    try:
        return Uri.file(path_of(answer)) if isinstance(answer, str) else None
    except InvalidValue:
        return None


def show_workspace_folder_pick(
    *, place_holder: str | None = None, ignore_focus_out: bool = False
) -> Thenable[WorkspaceFolder | None]:
    """Let the user choose a folder of the workspace; None where they do not."""
    return thenable(_pick(place_holder, ignore_focus_out), "window.show_workspace_folder_pick")


async def _pick(place_holder: str | None, ignore_focus_out: bool) -> WorkspaceFolder | None:
    folders = workspace.workspace_folders or ()
    items = [QuickPickItem(folder.name, description=folder.uri.path) for folder in folders]
    text = place_holder or "Select workspace folder"
    picked = await show_quick_pick(items, place_holder=text, ignore_focus_out=ignore_focus_out)
    return folders[items.index(picked)] if picked is not None else None
