"""A token for the one user of a host that listens beyond its own machine: made here, kept in the data folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from host.auth import Authenticator
from host.config import Config
from host.identity import LOCAL
from host.layers import ConfigError
from host.tables import Auth, Jwt

FILE = "token.key"
DAYS = 30


def guarded(config: Config) -> tuple[Config, str | None]:
    """The settings, and for a single user who listens to others without `auth.jwt` a key of the host's own and a token.

    The key stays in `DATA/token.key`, so that a token lives through a restart. Blocks. Raises `ConfigError`.
    """
    if config.multi_user or config.authenticates or config.is_loopback:
        return config, None
    jwt = Jwt.model_validate({"algorithm": "HS256", "secret": _key(config.data)})
    with_key = config.model_copy(update={"auth": Auth(jwt=jwt)})
    return with_key, Authenticator(with_key).issue(LOCAL, "admin", DAYS * 86_400)


def _key(data: Path) -> str:
    path = data / FILE
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"data: {FILE} cannot be kept there ({error.strerror}); give --data another folder") from None
    with os.fdopen(descriptor) as file:
        if os.fstat(descriptor).st_mode & 0o077:
            raise ConfigError(f"data: {FILE} must be its owner's alone: `chmod 600 {path}`")
        return file.read().strip()


def _make(path: Path) -> None:
    """Whole or not at all, as a half key would be no key at the next start."""
    new = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
