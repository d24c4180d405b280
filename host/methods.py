"""What a client may ask for, method by method. The signatures are the contract; `contract.py` turns them into one."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from host import (
    command_methods,
    configuration_methods,
    document_methods,
    editor_methods,
    language_methods,
    large,
    lm_methods,
    search_methods,
    terminal_methods,
    tree_methods,
    view_methods,
    watch_methods,
    window_methods,
    work_methods,
)
from host.caller import Caller, Isolation
from host.contract import Contract
from sessions.errors import InvalidValue
from sessions.files import path_of
from sessions.memento import ABSENT
from sessions.paths import uri_of
from shim.documents import wire_uri
from shim.folders import Folders, WorkspaceFolder

CONTRACT = Contract()
CONTRACT.include(command_methods.CONTRACT)
CONTRACT.include(configuration_methods.CONTRACT)
CONTRACT.include(document_methods.CONTRACT)
CONTRACT.include(language_methods.CONTRACT)
CONTRACT.include(lm_methods.CONTRACT)
CONTRACT.include(editor_methods.CONTRACT)
CONTRACT.include(search_methods.CONTRACT)
CONTRACT.include(terminal_methods.CONTRACT)
CONTRACT.include(window_methods.CONTRACT)
CONTRACT.include(work_methods.CONTRACT)
CONTRACT.include(tree_methods.CONTRACT)
CONTRACT.include(view_methods.CONTRACT)
CONTRACT.include(watch_methods.CONTRACT)
method = CONTRACT.method

LARGEST_FILE = 12 * 1024 * 1024
"""Bytes of a file that still fit one frame as base64; larger ones go through `/api/v1/files`."""

Path = Annotated[str, AfterValidator(path_of), Field(description="a `file:` URI, or a path that begins with /")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]
Scope = Literal["global", "workspace"]
Encoding = Literal["utf-8", "base64"]
Absent = Field(default_factory=lambda: ABSENT)
"""A parameter whose absence means something else than null."""

CLIENT = "client"
"""The namespace of state and secrets that clients use; extensions have their own."""


class WireFolder(TypedDict):
    uri: str
    name: str


class Server(TypedDict):
    name: str
    version: str


class Opened(TypedDict):
    uid: str
    sessionId: str
    workspaceFolders: list[WireFolder]
    seq: int
    resumed: bool
    server: Server
    isolation: Isolation
    quotas: dict[str, int | None]


class Who(TypedDict):
    uid: str


class Time(TypedDict):
    time: int


class Stat(TypedDict):
    type: int
    ctime: int
    mtime: int
    size: int
    permissions: NotRequired[int]


class Trashed(TypedDict):
    uri: str
    was: str
    deleted: int
    type: int


class Content(TypedDict):
    content: str
    encoding: Encoding


# -- the session


@method("session.open")
async def session_open(caller: Caller, after: Annotated[int, Field(ge=0)] | None = None) -> Opened:
    """Say hello and follow the user's events, from after the number `after`, or only new ones where it is absent."""
    session = caller.session
    isolation = await caller.isolation()
    resumed, seq = caller.follow(after)
    return {
        "uid": session.uid,
        "sessionId": session.session_id,
        "workspaceFolders": [_folder(folder) for folder in session.get(Folders).all],
        "seq": seq,
        "resumed": resumed,
        "server": {"name": "roost", "version": caller.version},
        "isolation": isolation,
        "quotas": session.quotas.to_wire(),
    }


def _folder(folder: WorkspaceFolder) -> WireFolder:
    return {"uri": wire_uri(folder.uri), "name": folder.name}


@method("session.ping")
def session_ping(caller: Caller) -> Time:
    """The host's time in milliseconds since 1970; works before `session.open`."""
    return {"time": time.time_ns() // 1_000_000}


@method("session.authenticate")
async def session_authenticate(caller: Caller, token: Annotated[str, StringConstraints(max_length=8_192)]) -> Who:
    """Say who you are where the connection brought no token, or bring a new one before the old one expires."""
    return {"uid": await caller.authenticate(token)}


@method("rpc.discover")
async def rpc_discover(caller: Caller) -> dict[str, Any]:
    """The OpenRPC document of everything here."""
    return await caller.document()


# -- files


@method("workspace.fs.stat")
async def fs_stat(caller: Caller, uri: Path) -> Stat:
    """What is at a place: type 1 file, 2 directory, with the 64 bit for a symlink; times in ms."""
    stat = await caller.session.files.stat(uri)
    wire: Stat = {"type": stat.type, "ctime": stat.ctime, "mtime": stat.mtime, "size": stat.size}
    if stat.permissions is not None:
        wire["permissions"] = stat.permissions
    return wire


@method("workspace.fs.readDirectory", gated=True)
async def fs_read_directory(caller: Caller, uri: Path) -> list[tuple[str, int]]:
    """The entries of a directory as `[name, type]`, in no promised order."""
    return await caller.session.files.read_directory(uri)


@method("workspace.fs.readFile", gated=True)
async def fs_read_file(caller: Caller, uri: Path, encoding: Encoding = "utf-8") -> Content:
    """The content of a file; one that is not UTF-8 comes as base64 whatever was asked for."""
    content = await caller.session.files.read(uri, LARGEST_FILE)
    if len(content) > large.LARGE:
        return await asyncio.to_thread(_content, content, encoding)
    return _content(content, encoding)


def _content(content: bytes, encoding: Encoding) -> Content:
    text: Any  # of a large one `large` writes the pieces
    if encoding == "utf-8":
        with suppress(UnicodeDecodeError):
            text = large.from_utf8(content)
            return {"content": text, "encoding": "utf-8"}
    text = large.to_base64(content)
    return {"content": text, "encoding": "base64"}


@method("workspace.fs.writeFile", gated=True)
async def fs_write_file(
    caller: Caller, uri: Path, content: str, encoding: Encoding = "utf-8", create: bool = True, overwrite: bool = True
) -> None:
    """Replace a file atomically and durably, or make it with the parents that it needs."""
    if len(content) > large.LARGE:
        data = await asyncio.to_thread(_decoded, content, encoding)
    else:
        data = _decoded(content, encoding)
    await caller.session.files.write(uri, data, create=create, overwrite=overwrite)


def _decoded(content: str, encoding: Encoding) -> bytes:
    if encoding == "utf-8":
        return large.encoded(content)
    try:
        return large.from_base64(content)
    except ValueError:
        raise InvalidValue("content", "must be base64 (RFC 4648, with padding) when encoding is base64") from None


@method("workspace.fs.createDirectory")
async def fs_create_directory(caller: Caller, uri: Path) -> None:
    """Make a directory and the parents that it needs; one that exists is fine."""
    await caller.session.files.create_directory(uri)


@method("workspace.fs.delete")
async def fs_delete(caller: Caller, uri: Path, recursive: bool = False, use_trash: bool = False) -> None:
    """Remove a file, a link itself, or a directory; one that is not empty only with `recursive`.

    With `useTrash` it is moved to the trash in the user's home; see `workspace.fs.readTrash`.
    """
    await caller.session.files.delete(uri, recursive=recursive, use_trash=use_trash)


@method("workspace.fs.readTrash", gated=True)
async def fs_read_trash(caller: Caller) -> list[Trashed]:
    """What was moved to the trash, the last first, 1,000 at most: where it is and was, when it went in ms, its type.

    A rename brings it back. The trash is freedesktop.org's: what programs in terminals move there is in it, too.
    """
    found = await caller.session.files.read_trash()
    return [
        {"uri": uri_of(one.path), "was": uri_of(one.was), "deleted": one.deleted, "type": one.type} for one in found
    ]


@method("workspace.fs.rename")
async def fs_rename(caller: Caller, source: Path, target: Path, overwrite: bool = False) -> None:
    """Move a file or directory to another name."""
    await caller.session.files.rename(source, target, overwrite=overwrite)


@method("workspace.fs.copy")
async def fs_copy(caller: Caller, source: Path, target: Path, overwrite: bool = False) -> None:
    """Copy a file, or a directory with all that it holds."""
    await caller.session.files.copy(source, target, overwrite=overwrite)


# -- state and secrets


@method("state.get")
async def state_get(caller: Caller, scope: Scope, key: Name, default: Any = None) -> Any:
    """A value that a client keeps here; `default` where there is none."""
    memento = await caller.session.memento(CLIENT, scope)
    return memento.get(key, default)


@method("state.update")
async def state_update(caller: Caller, scope: Scope, key: Name, value: Any = Absent) -> None:
    """Keep a JSON value; answered once it is durable. An absent `value` deletes, null is a value."""
    memento = await caller.session.memento(CLIENT, scope)
    await memento.update(key, value)


@method("state.keys")
async def state_keys(caller: Caller, scope: Scope) -> list[str]:
    """The keys that a client keeps values under."""
    memento = await caller.session.memento(CLIENT, scope)
    return list(memento.keys())


@method("secrets.store")
async def secrets_store(caller: Caller, key: Name, value: Annotated[str, StringConstraints(max_length=65_536)]) -> None:
    """Seal a secret; it is never handed back over the wire."""
    await caller.session.secrets(CLIENT).store(key, value)


@method("secrets.delete")
async def secrets_delete(caller: Caller, key: Name) -> None:
    """Forget a secret; one that is not there is fine."""
    await caller.session.secrets(CLIENT).delete(key)


@method("secrets.keys")
async def secrets_keys(caller: Caller) -> list[str]:
    """The names of the client's secrets."""
    return list(await caller.session.secrets(CLIENT).keys())
