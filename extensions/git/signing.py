"""Signing in to servers over HTTP: the user is asked, git asks this host, and nothing stands where others may look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import shim as vscode
from extensions.git.program import Git, GitError
from shim.proposed import processes

TRIES = 3
"""How often a user is asked for one server before it is given up."""

MOST_KNOWN = 20

WANTED = re.compile(
    r"(?:could not read (?:Username|Password)|Authentication failed) for "
    r"'(https?://)(?:([^/@:']*)(?::[^/@']*)?@)?([A-Za-z0-9.:_\[\]-]+)"
)
HELPER = '!f() { test "$1" = get && git credential-cache --socket "$ROOST_ASK" get; }; f'
"""Asks at the command's own socket, in the words of git's own cache, for which it is made."""


class SignIn(NamedTuple):
    """Who one is at a server."""

    name: str
    password: str


class Signing:
    """What one user said of each server, for as long as their session lasts, and only where that let them in."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, SignIn] = {}

    async def run(self, git: Git, *words: str, **more: Any) -> processes.Finished:
        """As `git.run`. Where a server wants to know who it is, the user is asked; git tells no other server."""
        given: dict[str, SignIn] = {}
        asked = 0
        while True:
            try:
                answer = partial(told, given) if given else None
                done = await git.run(*words, options=_asking(given), answer=answer, **more)
            except GitError as error:
                found = WANTED.search(error.said)
                if found is None or asked >= TRIES:
                    raise
                server, refused = found[1] + found[3], found[1] + found[3] in given
                known = None if refused else self._known.get(server)
                if known is None:
                    self._known.pop(server, None)
                    asked += 1
                    known = await _asked(server, found[2] or "", refused)
                if known is None:
                    raise
                given[server] = known
                continue
            self._known |= given
            for server in list(self._known)[:-MOST_KNOWN]:
                del self._known[server]
            return done


def _asking(servers: Iterable[str]) -> tuple[str, ...]:
    """Options with which git asks here who it is at these servers, and at no other."""
    emptied = ((f"credential.{server}.helper=", f"credential.{server}.helper={HELPER}") for server in servers)
    return tuple(word for pair in emptied for option in pair for word in ("-c", option))


def told(given: Mapping[str, SignIn], question: bytes) -> bytes:
    """What git hears that asks: lines of `name=value`, which say the server."""
    asked = dict(line.split("=", 1) for line in question.decode(errors="replace").splitlines() if "=" in line)
    one = given.get(f"{asked.get('protocol')}://{asked.get('host')}")
    return f"username={one.name}\npassword={one.password}\n".encode() if one else b""


async def _asked(server: str, name: str, refused: bool) -> SignIn | None:
    """What the user says; None where they do not want to."""
    why = "That was refused; try again. " if refused else ""
    plain = "" if server.startswith("https:") else ", which is sent unencrypted"
    title = f"Sign in to {server}"
    found = await vscode.window.show_input_box(title=title, prompt=f"{why}User name", value=name, validate_input=_line)
    if not found:
        return None
    prompt = f"Password or access token of {found}{plain}"
    password = await vscode.window.show_input_box(title=title, prompt=prompt, password=True, validate_input=_line)
    return None if password is None else SignIn(found, password)


def _line(text: str) -> str | None:
    return None if text.isprintable() else "must be one line without control characters"
