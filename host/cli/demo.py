"""`roost demo`: a small shop with a failing test, in a folder of its own, and a host whose scripted model mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import click

from host.cli.far import Refused

if TYPE_CHECKING:
    from host.config import Config

PROMPT = "Fix the failing test of the demo shop"
MARK = ".roost-demo"
"""A file in the demo's folder: what has it was made here, and may be removed."""


class Prepared(NamedTuple):
    """The demo, ready to be served."""

    config: Config
    goes_on: bool
    """Whether something is there from an earlier start."""


def prepare(folder: Path | None, port: int, fresh: bool) -> Prepared:
    """Make the demo's workspace, unless it is there, and the settings of its host.

    No settings, keys or variables of this machine count: the scripted model answers, whatever is set. Raises `Refused`.
    """
    from host.config import load

    if folder is None:
        data = load({}, {}).data
        folder = data.with_name(f"{data.name}-demo")
    folder = folder.absolute()
    if fresh:
        _remove(folder)
    goes_on = (folder / MARK).is_file()
    if not goes_on:
        _make(folder)
    given = {"data": folder / "data", "workspace": folder / "workspace", "port": port}
    return Prepared(load({**given, "multi_user": False}, {}), goes_on)


def greet(prepared: Prepared, base: str) -> None:
    """Say what this is and where."""
    start = f"{base}/" if prepared.goes_on else f"{base}/?prompt={quote(PROMPT)}#/session/new"
    workspace = prepared.config.workspace
    lines = [
        f"listening on {base}",
        "",
        "The demo's model is scripted: it understands nothing, costs nothing and reaches no network. All else is real:",
        "it reads files, runs the tests, proposes a diff and asks you before it changes or runs anything.",
        "",
        f"  open    {start}",
        f"  files   {workspace}",
        "",
        "It goes on where you were; `roost demo --fresh` starts over."
        if prepared.goes_on
        else f"The prompt is filled in ({PROMPT!r}): press Enter, then y where you are asked.",
        "Stop it with Ctrl-C at any time; `roost demo` goes on where it stopped.",
    ]
    click.echo("\n".join(lines))


def offer(config: Config) -> str | None:
    """One line for who serves on their machine with no provider configured; None for all others."""
    if config.multi_user or config.ai_providers or not config.is_loopback:
        return None  # elsewhere the last line is the token that people copy
    return (
        "no provider is configured: set a key on the page under Settings, or see a scripted model at work: `roost demo`"
    )


def _remove(folder: Path) -> None:
    from host.folder import holding

    if not folder.exists():
        return
    if not (folder / MARK).is_file():
        raise Refused(
            f"--fresh: {folder} was not made by `roost demo`, so it is not removed; choose another with --data."
        )
    with holding(folder / "data"):
        (folder / MARK).unlink()
        shutil.rmtree(folder / "workspace", ignore_errors=True)
        shutil.rmtree(folder / "data")


def _make(folder: Path) -> None:
    from host.demo.script import repository

    workspace = folder / "workspace"
    try:
        if workspace.exists() and any(workspace.iterdir()):
            raise Refused(f"--data: {workspace} holds something else already; choose an empty folder.")
        workspace.mkdir(parents=True, exist_ok=True)
        for path, text in repository().items():
            file = workspace / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        _commit(workspace)
        (folder / MARK).write_text("Made by `roost demo`, which may remove this folder.\n")
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise Refused(f"--data: {folder}: {reason}; choose a folder that you may write.") from None


def _commit(workspace: Path) -> None:
    """Make it a git repository, where there is git. No configuration of this machine counts: no hooks, no signing."""
    git = shutil.which("git")
    if git is None:
        return
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=Roost demo", "-c", "user.email=demo@localhost"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*who, "commit", "--quiet", "-m", "The shop"],
    ):
        done = subprocess.run([git, *words], cwd=workspace, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"git {words[0]} failed in {workspace}: {done.stderr.strip()[:300]}")
