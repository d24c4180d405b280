"""The proposal `paths`: where a path of the current user really leads. VS Code leaves that to Node's `realpath`."""

from __future__ import annotations

from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.errors import RoostError as Failure
from shim.filesystems import path_in
from shim.thenable import Thenable
from shim.uri import Uri, as_uri

__all__ = ["Failure", "real"]


def real(uri: Uri) -> Thenable[Uri]:
    """The Uri without symbolic links, `.` and `..`, as the user's files mean them; nothing need be there yet.

    Whoever judges a path judges this one, and then reads or writes this one. Raises `FileSystemError` where links go in
    a circle, and `InvalidValue` of what is no path of a file.
    """
    found = as_uri(uri, "uri")
    if found.scheme != "file":
        raise InvalidValue("uri", f"must be a file: Uri; {found.scheme!r} has no links")
    session = current_session()

    async def led() -> Uri:
        return Uri.file(await session.files.real(path_in(found)))

    return session.promise(led(), "paths.real")
