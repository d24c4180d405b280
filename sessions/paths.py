"""A path as text: from a URI and back, as bytes for the kernel, and the sentence when it fails. Touches no file."""

from __future__ import annotations

import errno
import os
import re
from types import TracebackType
from urllib.parse import quote, unquote_to_bytes

from sessions.errors import FileSystemError, FileSystemErrorCode, InvalidValue

MAX_PATH = 4095
"""Bytes of a whole path, the kernel's PATH_MAX without its ending NUL."""
MAX_NAME = 255
"""Bytes of one name in it."""

HIDDEN = re.compile(rb"\.roost-[0-9a-f]{16}\.tmp")
"""Names under which new content waits until it is whole; no path of a user may hold one."""

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DRIVE = re.compile(r"/[A-Z]:")
_RULE = "must be a path that begins with `/`, or a `file:` URI such as file:///workspace/a.py"


class Refusal(Exception):
    """The work cannot be done for a reason that is ours, not the kernel's; `Told` says where."""

    def __init__(self, code: FileSystemErrorCode, reason: str, **data: int) -> None:
        super().__init__(reason)
        self.code = code
        self.data = data


class Told:
    """Within it an `OSError` or a `Refusal` becomes a `FileSystemError` about `path`, a user's and never the host's."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if isinstance(error, Refusal):
            raise FileSystemError(f"{shown(self._path)}: {error}", error.code, **error.data) from error
        if isinstance(error, OSError):
            raise failure(self._path, error) from error


def failure(path: str, error: OSError) -> FileSystemError | InvalidValue:
    """What an `OSError` means to the user who named `path`."""
    if error.errno == errno.ENAMETOOLONG:
        return _too_long()
    code, reason = _REASONS.get(error.errno or 0, ("Unavailable", "the file system cannot do this here"))
    return FileSystemError(f"{shown(path)}: {reason}", code)


_REASONS: dict[int, tuple[FileSystemErrorCode, str]] = {
    errno.ENOENT: ("FileNotFound", "there is nothing here; check the path or create it first"),
    errno.EEXIST: ("FileExists", "something is here already; choose another name or allow overwriting"),
    errno.ENOTDIR: ("FileNotADirectory", "it, or one of its parents, is no directory; name a path through directories"),
    errno.EISDIR: ("FileIsADirectory", "this is a directory; name a file"),
    errno.ENOTEMPTY: ("Unavailable", "the directory is not empty; delete recursively"),
    errno.ELOOP: ("NoPermissions", "its symbolic links go in a circle or out of reach; name the file itself"),
    errno.ENXIO: ("NoPermissions", "this is a socket or a device; only files and directories can be used"),
    errno.ENODEV: ("NoPermissions", "this is a device; only files and directories can be used"),
    errno.EACCES: ("NoPermissions", "its permissions do not allow this; change its mode first"),
    errno.EPERM: ("NoPermissions", "the system does not allow this here"),
    errno.EROFS: ("NoPermissions", "this is read-only; choose a place that can be written"),
    errno.ETXTBSY: ("NoPermissions", "the program is running; stop it first"),
    errno.ENOSPC: ("NoSpace", "the disk is full; delete something and try again"),
    errno.EDQUOT: ("NoSpace", "the disk's quota is used up; delete something and try again"),
    errno.EFBIG: ("NoSpace", "the file would be larger than the system allows; make it smaller"),
    errno.EAGAIN: ("Unavailable", "it is being changed right now; try again"),
    errno.EBUSY: ("Unavailable", "it is in use; try again later"),
    errno.EMFILE: ("Unavailable", "too many files are open; try again"),
    errno.ENFILE: ("Unavailable", "too many files are open; try again"),
    errno.EXDEV: ("Unavailable", "it cannot be moved to another file system; copy and delete it instead"),
    errno.EIO: ("Unavailable", "the disk reports an error; the operator must look at it"),
}


def shown(path: str) -> str:
    """`path` as text that every client can read: bytes that are no UTF-8 show as U+FFFD."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not path.isascii() else path


def encoded(path: str) -> bytes:
    """The bytes of an absolute path, none changed; raises `InvalidValue` where the kernel would cut or refuse them."""
    try:
        raw = os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidValue("uri", "must be text that can be written as UTF-8; send no lone surrogates") from None
    if len(raw) > MAX_NAME or not raw.startswith(b"/") or b"\0" in raw or b".roost-" in raw:
        _judge(raw)
    return raw


def _judge(raw: bytes) -> None:
    if not raw.startswith(b"/"):
        raise InvalidValue("uri", _RULE)
    if b"\0" in raw:
        raise InvalidValue("uri", "must not hold NUL; remove it")
    names = raw.split(b"/")
    if len(raw) > MAX_PATH or max(map(len, names)) > MAX_NAME:
        raise _too_long()
    if any(map(HIDDEN.fullmatch, names)):
        raise InvalidValue("uri", "names such as .roost-0123456789abcdef.tmp are the host's own; choose another")


def _too_long() -> InvalidValue:
    return InvalidValue("uri", f"a name has at most {MAX_NAME} bytes and a path {MAX_PATH}; shorten it")


def split(raw: bytes) -> tuple[bytes, bytes]:
    """(parent, name) of an absolute path; slashes at its end belong to neither. The name of the root is empty."""
    parent, _, name = raw.rstrip(b"/").rpartition(b"/")
    return parent or b"/", name


def path_of(uri: str) -> str:
    """The path that a `uri` parameter means (PROTOCOL.md, "Users and places"); raises `InvalidValue`.

    What begins with `/` is a path, byte for byte; else it is a `file:` URI whose escapes are decoded exactly once.
    """
    if uri.startswith("/"):
        return uri
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme.lower() != "file":
        raise InvalidValue("uri", _RULE)
    if rest.startswith("//"):
        rest = rest[2:]
        if not rest.startswith("/"):
            raise InvalidValue("uri", "a file URI has no authority; write file:/// and then the path")
    _check_file_uri(rest)
    return _decoded(rest)


def _check_file_uri(rest: str) -> None:
    if not rest.startswith("/") or rest.startswith("//"):
        raise InvalidValue("uri", _RULE)
    if "?" in rest or "#" in rest:
        raise InvalidValue("uri", "a file URI has no query or fragment; write `?` as %3F and `#` as %23")
    if _ESCAPE.search(rest):
        raise InvalidValue("uri", "`%` must be followed by two hexadecimal digits; write the character itself as %25")
    if "%2f" in rest.lower():
        raise InvalidValue("uri", "a name cannot hold `/`; write path separators as they are, not as %2F")
    if "%00" in rest or "\0" in rest:
        raise InvalidValue("uri", "must not hold NUL; remove it")


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:
        raise InvalidValue("uri", "the escapes of a URI must be UTF-8; name such a file by its path") from None


def uri_of(path: str) -> str:
    """The `file:` URI of an absolute path, escaped exactly as VS Code's `Uri.file(path).toString()` does.

    That includes its one loss: `/C:/a` is taken for a drive and shows as `file:///c%3A/a`.
    """
    if not path.startswith("/"):
        raise InvalidValue("path", "must begin with `/`; make it absolute")
    path = "/" + shown(path).lstrip("/")
    if _DRIVE.match(path):
        path = f"/{path[1].lower()}{path[2:]}"
    return "file://" + quote(path, safe="/")
