"""A task's files: where a path of a call lands, its text as people see it, and the one way in which it is written.

What a person has not saved yet is the text: it is read from their open document, and edits go into that.
"""

from __future__ import annotations

import asyncio
import codecs
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import shim as vscode
from extensions.coder.access import inside
from extensions.coder.tool import ToolError, Use
from shim.proposed import paths

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest text that is read or edited."""

LOOKED_AT = 8_192
"""Bytes at the beginning of a file in which a NUL says that it is no text."""

KERNEL = ("/proc/", "/sys/", "/dev/")
"""Where the host's own environment would be found, on a machine that its user shares with it."""

MARKS: Mapping[str, bytes] = MappingProxyType(
    {"utf8bom": codecs.BOM_UTF8, "utf16le": codecs.BOM_UTF16_LE, "utf16be": codecs.BOM_UTF16_BE}
)


class NoText(ToolError):
    """The file holds something else."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path of a call."""

    path: str
    """Absolute, without links and `..`: what is judged and what is written. Below `cwd` it begins with `cwd`."""
    name: str
    """As people read it: relative to `cwd` where it is below it."""
    real: str
    """Where it was when it was located: `path` itself, but where `cwd` is a link."""

    @property
    def uri(self) -> vscode.Uri:
        return vscode.Uri.file(self.path)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is now. Bytes that are no UTF-8 are lone surrogates in it, and become the same bytes again."""

    text: str
    encoding: str = "utf8"
    is_new: bool = False
    """No file is there yet."""
    is_unsaved: bool = False
    """It stands in a document that a person has changed and not saved."""

    @property
    def shown(self) -> str:
        """For a model: what is no UTF-8 is U+FFFD."""
        if self.text.isascii():
            return self.text
        return self.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    @property
    def ending(self) -> str:
        """How most of its lines end."""
        return "\r\n" if self.text.count("\r\n") * 2 > self.text.count("\n") else "\n"


async def locate(use: Use, given: object, field: str = "path") -> Place:
    """Where a path lands, relative to the workspace folder or absolute. Raises `ToolError` where the agent may not see.

    `.rooignore` is asked for the path as it is written, too: a link in an ignored folder is ignored.
    """
    path = _checked(given, field)
    written = _absolute(posixpath.join(use.cwd, path))
    try:
        place = await led(use.cwd, written)
    except paths.Failure as error:
        raise ToolError(f"{field}: {error}") from None
    if any(f"{one}/".startswith(KERNEL) for one in (place.real, posixpath.normpath(written))):
        raise ToolError(f"{field}: '{path}' is the kernel's and no file; look at such things with execute_command")
    refuse_ignored(use, place.path, posixpath.normpath(written), field=field)
    return place


async def led(cwd: str, path: str) -> Place:
    """Where an absolute path leads, by links and `..`. Raises `paths.Failure`."""
    home, real = await asyncio.gather(*(paths.real(vscode.Uri.file(one)) for one in (cwd, path)))
    below = inside(home.path, real.path)
    place = posixpath.join(cwd, below) if below else cwd if real.path == home.path else real.path
    name = "." if place == cwd else inside(cwd, place) or place
    return Place(place, name, real.path)


def refuse_ignored(use: Use, *places: str, field: str = "path") -> None:
    """Raise `ToolError` where `.rooignore` keeps one of them from the agent."""
    for place in places:
        if not use.access.can_read(place):
            raise ToolError(
                f"{field}: '{inside(use.cwd, place) or place}' is kept from you by .rooignore: go on without it, "
                "or ask the user to change .rooignore"
            )


def _checked(given: object, field: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ToolError(f"{field}: it is empty; give a path relative to the workspace folder, such as src/main.py")
    if "\0" in given:
        raise ToolError(f"{field}: a path holds no NUL; take it out")
    return given


def _absolute(path: str) -> str:
    return "/" + path.lstrip("/")


async def stat(place: Place) -> vscode.FileStat | None:
    """What is there; None where nothing is. Raises `ToolError` where it cannot be known."""
    try:
        return await vscode.workspace.fs.stat(place.uri)
    except vscode.FileSystemError as error:
        if error.code == "FileNotFound":
            return None
        raise ToolError(f"{place.name}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """What an error says, without the path that stands before it."""
    return str(error).partition(": ")[2] or str(error)


def document_of(place: Place) -> vscode.TextDocument | None:
    """The open document of the file."""
    names = (place.path, place.real)
    return next((one for one in vscode.workspace.text_documents if one.uri.path in names and is_file(one.uri)), None)


def is_file(uri: vscode.Uri) -> bool:
    """Whether it names something on the user's disk."""
    return uri.scheme == "file" and not uri.authority


async def read_bytes(place: Place, largest: int = LARGEST) -> bytes:
    """What the file holds, whatever is open of it. Raises `ToolError` of what is no file, or too large."""
    found = await stat(place)
    if found is None:
        raise ToolError(f"{place.name}: there is no such file; look for it with list_files or search_files")
    if found.type & vscode.FileType.DIRECTORY:
        raise ToolError(f"{place.name}: this is a folder; list it with list_files")
    if found.size > largest:
        raise ToolError(
            f"{place.name}: it has {found.size} bytes, and {largest} are the most; take the part that you need "
            "with execute_command, such as `head`, `sed -n` or `grep`"
        )
    try:
        return await vscode.workspace.fs.read_file(place.uri)
    except paths.Failure as error:
        raise ToolError(f"{place.name}: {reason(error)}") from None


async def read_text(place: Place, *, binary: bool = False) -> Text:
    """The text of a file as people see it now. Raises `NoText` of what is binary, if that will not do."""
    document = document_of(place)
    if document is not None:
        try:
            document = await vscode.workspace.open_text_document(document.uri)  # as its file is now, if it is clean
            return Text(document.get_text(), document.encoding, is_unsaved=document.is_dirty)
        except vscode.FileSystemError as error:
            if error.code != "FileNotFound":
                raise ToolError(f"{place.name}: {reason(error)}") from None
    content = await read_bytes(place)
    if binary:
        return Text(await asyncio.to_thread(content.decode, "utf-8", "surrogateescape"))
    return await text_of(place, content)


async def text_of(place: Place, content: bytes) -> Text:
    """The text in a file's bytes. Raises `NoText`."""
    marked = next((name for name, mark in MARKS.items() if content.startswith(mark)), None)
    if marked is not None:
        try:
            return Text(await vscode.workspace.decode(content, uri=place.uri), marked)
        except vscode.FileSystemError as error:
            raise NoText(f"{place.name}: {reason(error)}") from None
    if b"\0" in content[:LOOKED_AT]:
        raise NoText(f"{place.name}: this is a binary file and no text; work on it with execute_command")
    return Text(await asyncio.to_thread(content.decode, "utf-8", "surrogateescape"))


async def read_or_new(place: Place, *, binary: bool = False) -> Text:
    """As `read_text`; where no file is, an empty text that is new."""
    if document_of(place) is None and await stat(place) is None:
        return Text("", is_new=True)
    return await read_text(place, binary=binary)


async def write_text(place: Place, old: Text, new: str) -> None:
    """Put `new` where `old` was read. Raises `ToolError`, and changes nothing, if it is not what is there any more."""
    await check_place(place)
    now = await read_or_new(place)
    if (now.text, now.is_new) != (old.text, old.is_new):
        raise ToolError(f"{place.name}: it was changed meanwhile, nothing was written: read it again, then edit it")
    document = document_of(place)
    if document is not None and not document.is_closed and not now.is_new:
        await _write_document(place, document, old, new)
        return
    try:
        await vscode.workspace.fs.write_file(place.uri, await _encoded(place, old.encoding, new))
    except paths.Failure as error:
        raise ToolError(f"{place.name}: {reason(error)}; nothing was written") from None


async def check_place(place: Place) -> None:
    """Raise `ToolError` where the path leads elsewhere by now: that was not what leave was given for."""
    try:
        real = await paths.real(place.uri)
    except paths.Failure as error:
        raise ToolError(f"{place.name}: {error}") from None
    if real.path != place.real:
        raise ToolError(f"{place.name}: it leads elsewhere since it was looked at, nothing was written: try again")


async def _write_document(place: Place, document: vscode.TextDocument, old: Text, new: str) -> None:
    await _replace(document, new)
    if await document.save():
        return
    await _replace(document, old.text)
    raise ToolError(
        f"{place.name}: it could not be saved, the file is as it was: perhaps it changed on disk while it has unsaved "
        "changes; ask the user to save or revert it"
    )


async def _replace(document: vscode.TextDocument, text: str) -> None:
    """Change only the lines that differ: selections and folds of who looks at it stay."""
    old, new = await asyncio.to_thread(lambda: (document.get_text().split("\n"), text.split("\n")))
    shorter = min(len(old), len(new))
    first = next((at for at in range(shorter) if old[at] != new[at]), shorter - 1)
    last = next((at for at in range(shorter - first) if old[-1 - at] != new[-1 - at]), shorter - first - 1)
    stop = len(old) - 1 - last
    edit = vscode.WorkspaceEdit()
    whole = vscode.Range(first, 0, stop, len(document.line_at(stop).text.encode("utf-16-le")) // 2)
    edit.replace(document.uri, whole, "\n".join(new[first : len(new) - last]))
    if not await vscode.workspace.apply_edit(edit):
        raise ToolError(f"{document.uri.path}: the open document could not be changed; try again")


async def _encoded(place: Place, encoding: str, text: str) -> bytes:
    if encoding == "utf8":
        return await asyncio.to_thread(text.encode, "utf-8", "surrogateescape")
    return await vscode.workspace.encode(text, encoding=encoding, uri=place.uri)


async def delete(place: Place, old: Text) -> None:
    """Remove the file that was read as `old`. Raises `ToolError` if it is another by now."""
    await check_place(place)
    if (await read_text(place, binary=True)).text != old.text:
        raise ToolError(f"{place.name}: it was changed meanwhile, nothing was removed: read it again")
    try:
        await vscode.workspace.fs.delete(place.uri)
    except vscode.FileSystemError as error:
        raise ToolError(f"{place.name}: {reason(error)}; it is still there") from None
