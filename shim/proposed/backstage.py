"""The proposal `backstage`: folders of an extension that the user's own processes never see, and commands that do.

A command of a place sees the place, the user's workspace and the system, each place only itself; it has no network and
nothing of the user's environment. What is kept there counts as the user's and survives the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sessions.backstage import Backstage, Place
from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, SandboxUnavailable
from sessions.errors import RoostError as Failure
from sessions.output import KEPT_BYTES, Finished
from shim.thenable import Thenable, thenable

__all__ = ["Failure", "Finished", "Place", "open", "remove", "run"]


def open(name: str) -> Thenable[Place]:
    """The place of that name, of the current user and extension, made if need be. Raises `Failure` where none can be.

    `path` is what its commands call it, `workspace` what they call the workspace.
    """
    return thenable(_backstage().open(_extension(), name), "backstage.open")


def run(
    place: Place,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    keep: int = KEPT_BYTES,
) -> Thenable[Finished]:
    """Run a command of the place in the workspace to its end; see `processes.run`. Raises `Failure`."""
    return thenable(place.run(list(argv), env=env or {}, stdin=stdin, timeout=timeout, keep=keep), "backstage.run")


def remove(name: str) -> Thenable[None]:
    """Remove a place with all that is in it; one that is not there is fine."""
    return thenable(_backstage().remove(_extension(), name), "backstage.remove")


def _backstage() -> Backstage:
    found = current_session().backstage
    if found is None:
        raise SandboxUnavailable("there is nothing beside this user's world: this session has no backstage")
    return found


def _extension() -> str:
    extension = current_extension()
    if not extension:
        raise InvalidValue("extension", "is not known here; open a place from an extension's code")
    return extension.lower()
