"""Tokens as an identity provider would sign them, and hosts that check them. No host code is here."""

from __future__ import annotations

import time
from typing import Any

import jwt

SECRET = "a-secret-of-at-least-thirty-two-bytes!"
GUARDED = {"ROOST_AUTH__JWT__ALGORITHM": "HS256", "ROOST_AUTH__JWT__SECRET": SECRET}
"""The environment of a host that takes tokens signed with `SECRET`."""


def token(uid: str, *, key: Any = SECRET, algorithm: str = "HS256", seconds: float = 600, **claims: Any) -> str:
    """A token of `uid` that ends in `seconds`; a claim of None is left out."""
    now = time.time()
    whole = {"sub": uid, "iat": int(now), "exp": int(now + seconds), **claims}
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, key, algorithm=algorithm)


def bearer(uid: str, **claims: Any) -> dict[str, str]:
    """The header that says who one is."""
    return {"Authorization": f"Bearer {token(uid, **claims)}"}
