"""Signing in to servers over HTTP: the user is asked, git hears it from its environment, nothing is written down."""

from __future__ import annotations

import re
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
HELPER = '!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" "$ROOST_NAME_{0}" "$ROOST_WORD_{0}"; }}; f'


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
            options, env = _told(given)
            try:
                done = await git.run(*words, options=options, env=env, **more)
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


def _told(given: dict[str, SignIn]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Options with which git asks its environment, for these servers alone, and that environment."""
    options: list[str] = []
    env: dict[str, str] = {}
    for number, (server, one) in enumerate(given.items()):
        options += ["-c", f"credential.{server}.helper=", "-c", f"credential.{server}.helper={HELPER.format(number)}"]
        env |= {f"ROOST_NAME_{number}": one.name, f"ROOST_WORD_{number}": one.password}
    return tuple(options), env


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
