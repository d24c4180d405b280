"""How a shell is asked for, checked, and made the command line of a sandbox. It starts nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, NamedTuple

from sessions.errors import InvalidValue
from sessions.jail import TOOLS
from sessions.startup import NONCE, plan

if TYPE_CHECKING:
    from sessions.sandbox import Sandbox

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
TOTAL_BYTES = 64 << 10
"""Bytes of all arguments together, and of the whole environment."""

LONGEST_PATH = 4_095
SHELLS = ("/bin/bash", "/bin/sh")
SHELL = next((one for one in SHELLS if Path(one).exists()), SHELLS[-1])
"""What a terminal runs by default, but on one's own machine, where it is one's own shell."""


class Command(NamedTuple):
    """What a sandbox is told. `program` is the shell's name; `tells` is None if it marks nothing (`startup.Start`).

    `early`: it can be started before it is wanted, having no variable of its own but its nonce.
    """

    program: str
    argv: Sequence[str]
    env: Mapping[str, str]
    tells: bool | None
    early: bool = False


@dataclass(frozen=True, slots=True)
class ShellOptions:
    """What a terminal is to run, as users and extensions give it; making one that breaks a rule raises `InvalidValue`.

    `path` is absolute or a name to look for on the PATH inside (default: the user's shell), `cwd` a path of the user's
    world (default: the workspace). None in `env` takes a variable away; `strict_env`: there are no others.
    """

    path: str | None = None
    arguments: Sequence[str] = ()
    cwd: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    strict_env: bool = False

    def __post_init__(self) -> None:
        if self.path is not None and not _is_program(self.path):
            raise InvalidValue("shellPath", "must be an absolute path, or a name that is found on the PATH inside")
        if any("\0" in one for one in self.arguments):
            raise InvalidValue("shellArgs", "no argument may hold a NUL character")
        if sum(map(_size, self.arguments)) > TOTAL_BYTES:
            raise InvalidValue("shellArgs", f"must be {TOTAL_BYTES} bytes at most together")
        for name, value in self.env.items():
            if not NAME.fullmatch(name):
                raise InvalidValue("env", "names are letters, digits and _, 256 at most, and begin with no digit")
            if value is not None and "\0" in value:
                raise InvalidValue("env", f"{name}: must not hold a NUL character")
        if sum(len(name) + _size(value or "") for name, value in self.env.items()) > TOTAL_BYTES:
            raise InvalidValue("env", f"must be {TOTAL_BYTES} bytes at most together")

    def _shell(self, sandbox: Sandbox) -> str:
        own = os.environ.get("SHELL", "") if sandbox.level.form == "none" else ""
        return self.path or (own if own and is_there(own) else SHELL)

    def command(self, sandbox: Sandbox, nonce: str) -> Command:
        """The command line for that sandbox, of a shell that marks its output with `nonce` if it can."""
        shell = self._shell(sandbox)
        program = basename(shell)
        start = plan(shell, self.arguments, self.env, _tools(sandbox), nonce)
        given = {name: value for name, value in self.env.items() if value is not None} | dict(start.environment)
        tells = start.tells if start.marks else None
        if self.strict_env:
            words = ["/usr/bin/env", "-i", "--", *(f"{name}={value}" for name, value in given.items())]
            return Command(program, [*words, shell, *start.arguments], {}, tells)
        away = [word for name, value in self.env.items() if value is None for word in ("-u", name)]
        words = ["/usr/bin/env", *away, "--"] if away else []
        env = inherited(sandbox) | given
        early = start.early and not words and env.keys() == {NONCE}
        return Command(program, [*words, shell, *start.arguments], env, tells, early)


@cache
def is_there(path: str) -> bool:
    """Whether this machine has that file. Looked for once."""
    return Path(path).exists()


def _is_program(path: str) -> bool:
    return 0 < len(path) <= LONGEST_PATH and "\0" not in path and ("/" not in path or path.startswith("/"))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1


def _tools(sandbox: Sandbox) -> str | None:
    """Where the sandbox's processes find the host's tools."""
    tools = sandbox.world.tools
    return None if tools is None else TOOLS if sandbox.level.form == "bubblewrap" else str(tools)


def inherited(sandbox: Sandbox) -> dict[str, str]:
    """On one's own machine what runs has one's own environment, as an editor's has; the host's settings are not it."""
    if sandbox.level.form != "none":
        return {}
    own = {name: value for name, value in os.environ.items() if not name.startswith("ROOST_") and name != "MULTI_USER"}
    return own | {"TERM": "xterm-256color"}
