"""Whose turn it is: every ContextVar of the product is here, so one file answers "who is running this line?"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from sessions.errors import InvalidUid, NoCurrentUser, NoSession

if TYPE_CHECKING:
    from sessions.context import SessionContext

UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
"""What a user id may be (PROTOCOL.md): fullmatch, case matters, nothing is folded."""


class Turn(NamedTuple):
    """Who runs: the user, their session where one is open, and the id of the extension whose code it is."""

    uid: str
    session: SessionContext | None = None
    extension: str | None = None


_turn: ContextVar[Turn] = ContextVar("roost_turn")


def checked_uid(uid: object) -> str:
    """`uid` itself if it is one; raises `InvalidUid`, whose text names the rule."""
    if isinstance(uid, str) and UID.fullmatch(uid):
        return uid
    raise InvalidUid(f"uid: must fully match {UID.pattern} (1 to 128 characters, case matters)")


@contextmanager
def with_user(uid: str, session: SessionContext | None = None, extension: str | None = None) -> Iterator[None]:
    """Run the body as `uid` (seed 002's `withUser`). Never put it around a `yield` of an async generator."""
    reset = _turn.set(Turn(checked_uid(uid), session, extension))
    try:
        yield
    finally:
        _turn.reset(reset)


def set_turn(turn: Turn) -> None:
    """Make `turn` the whole rest of this context's; for contexts built once a session, `with_user` for all else."""
    _turn.set(turn)


def current_turn() -> Turn | None:
    """Who runs this line, or None outside of every user: for logs, which must never fail."""
    return _turn.get(None)


def get_current_user_id() -> str:
    """The uid whose turn it is (seed 002's `getCurrentUserId`); raises `NoCurrentUser` outside of one."""
    turn = _turn.get(None)
    if turn is None:
        raise NoCurrentUser("no user here: enter one with `with with_user(uid):`")
    return turn.uid


def current_session() -> SessionContext:
    """The session whose turn it is; raises `NoCurrentUser` or `NoSession`, which say how to enter one."""
    turn = _turn.get(None)
    if turn is None:
        raise NoCurrentUser("no user here: enter one with `with with_user(uid):`")
    if turn.session is None:
        raise NoSession(f"{turn.uid} is named here but has no session: use `with session.entered():`")
    return turn.session


def current_extension() -> str | None:
    """The id (`publisher.name`) of the extension whose code runs, or None for the host's own."""
    turn = _turn.get(None)
    return turn.extension if turn else None
