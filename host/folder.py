"""The data folder, which one host has at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from host.config import ConfigError

LOCK = "lock"


class DataInUse(ConfigError):
    """Another host has the data folder."""


@asynccontextmanager
async def locked(data: Path) -> AsyncIterator[None]:
    """Hold the data folder for this host alone."""
    descriptor = await asyncio.to_thread(_lock, data)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def holding(data: Path) -> Iterator[None]:
    """As a host does, for a command that no host may run beside. Raises `DataInUse`."""
    descriptor = _lock(data)
    try:
        yield
    finally:
        os.close(descriptor)


def was_used(data: Path) -> bool:
    """Whether a host has ever had it."""
    return (data / LOCK).exists()


def holder(data: Path) -> str | None:
    """The number of the process that has it as its host, `?` where that is not known; None where nobody has."""
    try:
        descriptor = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _noted(descriptor)
    finally:
        os.close(descriptor)
    return None


def _noted(descriptor: int) -> str:
    return os.read(descriptor, 32).decode("ascii", "replace").strip() or "?"


def _lock(data: Path) -> int:
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise ConfigError(f"data: {data}: {reason}; give --data a folder that this user may write") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        process = _noted(descriptor)
        os.close(descriptor)
        raise DataInUse(
            f"data: another host (process {process}) uses {data}; stop it or give --data another folder"
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
