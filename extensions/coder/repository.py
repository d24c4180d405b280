"""What git says of a workspace, for a person who mentions it: run in the user's sandbox, and nothing of it on its own.

What `.rooignore` closes is left out of every diff.
"""

from __future__ import annotations

import re

import shim as vscode
from extensions.coder.access import Access
from shim.proposed import processes

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--no-optional-locks", "--no-pager")
"""Git that starts nothing which a repository's configuration names for looking at it."""

DIFF = ("--no-ext-diff", "--no-textconv", "--no-color")
KEPT = 400_000
SECONDS = 15.0
HEAD = re.compile(r"^diff --git a/(.*) b/(.*)$")


class NoGit(Exception):
    """Git cannot say it; the sentence is git's."""


async def git(cwd: vscode.Uri, *words: str, seconds: float = SECONDS, keep: int = KEPT) -> str:
    """What git says. Raises `NoGit`."""
    try:
        done = await processes.run([*GIT, *words], cwd=cwd, timeout=seconds, keep=keep)
    except processes.Failure as error:
        raise NoGit(str(error)) from None
    text = done.output.decode(errors="replace")
    if done.timed_out or done.exit_code != 0:
        reason = "it took too long" if done.timed_out else text.strip()[:300]
        raise NoGit(f"git {words[0]}: {reason or f'exit code {done.exit_code}'}")
    return text


async def status(cwd: vscode.Uri, access: Access, *, seconds: float = SECONDS) -> list[str]:
    """The branch and what has changed, a line each."""
    lines = (await git(cwd, "status", "--short", "--branch", seconds=seconds, keep=32_000)).splitlines()
    return [line for line in lines if line.startswith("##") or access.can_read(line[3:])]


async def changes(cwd: vscode.Uri, access: Access) -> str:
    """What is not committed: the status, and the difference from the last commit where there is one."""
    lines = await status(cwd, access)
    try:
        diff = await git(cwd, "diff", *DIFF, "HEAD")
    except NoGit:
        diff = await git(cwd, "diff", *DIFF, "--cached")
    return "\n".join((*lines, "", opened(diff, access))).strip()


async def commit(cwd: vscode.Uri, access: Access, sha: str) -> str:
    """A commit: who, when, why, and the difference."""
    return opened(await git(cwd, "show", *DIFF, "--stat", "--patch", "--format=fuller", sha, "--"), access)


def opened(diff: str, access: Access) -> str:
    """A diff without the files that are closed, each named as left out."""
    kept: list[str] = []
    is_closed = False
    for line in diff.splitlines():
        head = HEAD.match(line)
        if head is not None:
            is_closed = not (access.can_read(head[1]) and access.can_read(head[2]))
            if is_closed:
                kept.append("(a file that .rooignore closes is left out)")
        if not is_closed:
            kept.append(line)
    return "\n".join(kept)
