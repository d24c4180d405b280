"""Who has work that goes on with nobody connected: a file beside the user's world, found again when the host starts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

NAME = "awake"


async def mark(folder: Path, on: bool) -> None:
    """Note durably that the user of this folder has work, or has none any more."""
    await asyncio.to_thread(_mark, folder, on)


def _mark(folder: Path, on: bool) -> None:
    if on:
        descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
    else:
        (folder / NAME).unlink(missing_ok=True)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def marked(data: Path) -> list[str]:
    """The uids that have work."""
    return sorted(one.parent.name for one in (data / "users").glob(f"*/{NAME}"))
