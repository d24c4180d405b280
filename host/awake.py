"""Who has work that goes on with nobody connected: files beside the user's world, found again when the host starts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

NAMES = {"work": "awake", "budget": "short"}
"""What a user has (work that runs, work that waits for money), and the file that says so."""


async def mark(folder: Path, what: str, on: bool) -> None:
    """Note durably that the user of this folder has such work, or has none any more."""
    await asyncio.to_thread(_mark, folder, NAMES[what], on)


def _mark(folder: Path, name: str, on: bool) -> None:
    if on:
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
    else:
        (folder / name).unlink(missing_ok=True)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def marked(data: Path) -> list[str]:
    """The uids that have work of any kind."""
    return sorted({one.parent.name for name in NAMES.values() for one in (data / "users").glob(f"*/{name}")})


def is_marked(data: Path, uid: str) -> bool:
    """Whether a user has work of any kind."""
    return any((data / "users" / uid / name).exists() for name in NAMES.values())
