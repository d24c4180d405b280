"""Git itself, run as the user in their sandbox: what it may ask is answered by nobody, what it says is bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from secrets import token_hex
from types import MappingProxyType

import shim as vscode
from shim.proposed import processes

GIT = ("git", "-c", "core.quotePath=false", "-c", "color.ui=false", "-c", "core.fsmonitor=false")
"""What a repository names to be started when one only looks at it (`core.fsmonitor`) is not started."""

QUIET = MappingProxyType(
    {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "true",
        "GIT_MERGE_AUTOEDIT": "no",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "en",
    }
)
LOOKING = MappingProxyType({"GIT_OPTIONAL_LOCKS": "0"})
"""Of what only looks: it does not write to the index, so that looking does not look like a change."""

APART = """mark=$1; shift
{ said=$("$@" 2>&1 1>&3 3>&-); code=$?; } 3>&1
printf '\\n%s\\n%s' "$mark" "$said"
exit $code"""
"""Runs a command, and writes what it said on stderr behind all that it wrote on stdout, after a mark."""

PASSWORD = re.compile(r"//[^\s/@:]*:[^\s/@]*@")
"""A name and a password in an address."""

SECONDS = 60.0
KEPT = 4 << 20

HELP = MappingProxyType(
    {
        "not a git repository": "open a folder that is one, or run `Git: Initialize Repository`",
        "could not read Username": "the server wants to know who you are; try again, or use ssh",
        "Authentication failed": "the server did not believe the name and the password; many want an access token",
        "Author identity unknown": "set it in a terminal: `git config --global user.name …` and `user.email …`",
        "Please tell me who you are": "set it in a terminal: `git config --global user.name …` and `user.email …`",
        "index.lock': File exists": "another git runs here; wait for it, or remove .git/index.lock if none does",
        "would be overwritten": "commit or stash your changes first",
        "non-fast-forward": "pull first: the remote has commits that you do not have",
        "fetch first": "pull first: the remote has commits that you do not have",
        "has no upstream branch": "publish it: `Git: Push` sets the upstream",
        "Permission denied (publickey)": "make a key in a terminal (`ssh-keygen`) and give the server its public half",
        "Host key verification failed": "connect once from a terminal (`ssh -T git@host`) and accept the server's key",
    }
)
"""What git says, and the way out."""


class GitError(processes.Failure):
    """Git could not do it; the sentence is git's last words, and a way out where one is known."""

    def __init__(self, command: str, said: str) -> None:
        self.said = said
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        marked = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines[-1:]
        way = next((way for sign, way in HELP.items() if sign in said), None)
        text = "; ".join(line.partition(": ")[2] or line for line in marked[:2]) or "it failed and said nothing"
        super().__init__(f"git {command}: {text}{f' ({way})' if way else ''}"[:1_000])


class Git:
    """Git in one folder. `said` hears of each command and what it answered where that is no success."""

    __slots__ = ("_said", "folder")

    def __init__(self, folder: vscode.Uri, said: Callable[[str], object]) -> None:
        self.folder = folder
        self._said = said

    async def run(
        self,
        *words: str,
        stdin: bytes = b"",
        seconds: float = SECONDS,
        keep: int = KEPT,
        env: Mapping[str, str] | None = None,
        answer: processes.Answer | None = None,
        on_output: Callable[[bytes], None] | None = None,
        accept: tuple[int, ...] = (0,),
        token: vscode.CancellationToken = vscode.CancellationToken.NONE,
        within: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
    ) -> processes.Finished:
        """What it says; `options` are git's own, `answer` is told what it asks at `$ROOST_ASK`.

        Raises `GitError` where its exit code is none of `accept`, and for what takes too long; `CancellationError` once
        `token` wants it no more."""
        self._said(f"> git {PASSWORD.sub(r'//***@', ' '.join(words))[:300]}")
        try:
            work = processes.run(
                [*within, *GIT, *options, *words],
                cwd=self.folder,
                env=QUIET | dict(env or {}),
                stdin=stdin,
                timeout=seconds,
                keep=keep,
                on_output=on_output,
                answer=answer,
            )
            undo = token.on_cancellation_requested(lambda _: work.cancel())
            try:
                done = await work
            finally:
                undo.dispose()
        except processes.Failure as error:
            raise GitError(words[0], str(error)) from None
        except asyncio.CancelledError:
            if token.is_cancellation_requested:
                raise vscode.CancellationError from None
            raise
        if done.timed_out or done.exit_code not in accept:
            said = PASSWORD.sub("//***@", done.output.decode(errors="replace"))
            said = f"it took longer than {seconds:g} s" if done.timed_out else said
            self._said(said[:4_000])
            raise GitError(words[0], said)
        return done

    async def data(self, *words: str, accept: tuple[int, ...] = (0,)) -> tuple[bytes, bool]:
        """What it writes, of what only looks, and whether that is all: warnings are no part of it."""
        mark = token_hex(16)
        done = await self.run(*words, env=LOOKING, accept=accept, within=("sh", "-c", APART, "git", mark))
        if done.omitted:
            return done.head, False
        return done.output.rpartition(f"\n{mark}\n".encode())[0], True

    async def text(self, *words: str, accept: tuple[int, ...] = (0,)) -> str:
        """What it writes, as a text, of what only looks."""
        return (await self.data(*words, accept=accept))[0].decode(errors="replace")
