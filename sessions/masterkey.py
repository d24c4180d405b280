"""The host's master key, which seals secrets: where it is found, and how one is made. Synchronous, for threads."""

from __future__ import annotations

import binascii
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sessions.errors import InvalidValue

VARIABLE = "ROOST_MASTER_KEY"
CREDENTIAL = "roost-master-key"
FILE = "master.key"
KEY_BYTES = 32


def master_key(data: Path, environ: Mapping[str, str]) -> bytes:
    """The 32 bytes from `ROOST_MASTER_KEY`, else the systemd credential `roost-master-key`, else `data/master.key`.

    Each holds them in base64. The file is made, for the host's eyes only, where none of them is there. Raises
    `InvalidValue` with the name of the one that is no such key; no error shows a part of it.
    """
    if VARIABLE in environ:
        return _decoded(VARIABLE, environ[VARIABLE].encode())
    credential = Path(environ.get("CREDENTIALS_DIRECTORY") or "/nonexistent") / CREDENTIAL
    if credential.exists():
        return _decoded(CREDENTIAL, credential.read_bytes())
    if not (data / FILE).is_symlink() and not (data / FILE).exists():
        _make(data)
    return _decoded(FILE, _read(data / FILE))


def _decoded(where: str, text: bytes) -> bytes:
    try:
        key = b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidValue(where, f"must be {KEY_BYTES} bytes in base64; `openssl rand -base64 {KEY_BYTES}` makes one")
    return key


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InvalidValue(FILE, f"must be a file that the host can read ({error.strerror})") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise InvalidValue(FILE, "must be a regular file, no folder, device or pipe")
        if mode & 0o077:
            raise InvalidValue(FILE, f"must be its owner's alone, and others may use it: `chmod 600 {FILE}`")
        return os.read(descriptor, 1_024)
    finally:
        os.close(descriptor)


def _make(data: Path) -> None:
    """Whole or not at all, and never over one that is there: secrets are worth nothing without the key they had."""
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    new = data / f".{FILE}.{secrets.token_hex(8)}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another process was first: its key is the one
            (data / FILE).hardlink_to(new)
    finally:
        new.unlink()
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
