"""A request or socket -> the user who sent it: by the embedder's word, a token, or where none is configured `?uid=`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import HTTPConnection

from host.auth import BadToken, User, credentials
from host.edge import visit_of
from host.guard import Refused
from sessions.current import checked_uid
from sessions.errors import InvalidUid

if TYPE_CHECKING:
    from host.app import Host

LOCAL = "local"
"""The one user of single-user mode."""

INSIDER = "roost.insider"
"""Where the scope of a request that comes out of a user's sandbox says whose it is; see `host.relay`."""


class Unidentified(Exception):
    """Nobody, or not who they say; `close` is the WebSocket's code, `status` the HTTP one."""

    def __init__(self, close: int, status: int, reason: str) -> None:
        super().__init__(reason)
        self.close = close
        self.status = status
        self.reason = reason


class Insider(NamedTuple):
    """Whose sandbox a request came out of. Only this process can put one into a scope: servers put text there."""

    uid: str


class Identity(NamedTuple):
    """Who sent it, and the uid that the request is for: another one only for who may impersonate."""

    user: User
    uid: str


async def identify(host: Host, connection: HTTPConnection) -> Identity | None:
    """Who it is; None where a token is needed and none was sent. Raises `Unidentified`."""
    asked = asked_uid(connection)
    insider = connection.scope.get(INSIDER)
    if isinstance(insider, Insider):
        return _speaking_for(User(insider.uid), asked)
    if not host.wants_token:
        _check_ambient(connection)
    if host.authenticate is not None:
        user = await host.ask_embedder(connection)
        if user is None:
            raise Unidentified(4401, 401, "the app around this host does not know you")
        checked_uid(user.uid)
        return _speaking_for(user, asked)
    if host.wants_token:
        token = _token(connection)
        return None if token is None else _speaking_for(await _user_of(host, token), asked)
    return _by_query(host, asked)


def asked_uid(connection: HTTPConnection) -> str | None:
    """The `?uid=` of the query, if there is one; said twice, or no uid at all, is refused."""
    asked = connection.query_params.getlist("uid")
    if not asked:
        return None
    if len(asked) > 1:
        raise Unidentified(4400, 400, "uid: given more than once in the query")
    try:
        return checked_uid(asked[0])
    except InvalidUid as error:
        raise Unidentified(4400, 400, str(error)) from None


def _check_ambient(connection: HTTPConnection) -> None:
    """Where no token says who it is, a foreign page could speak as whoever sits before the browser."""
    try:
        visit_of(connection.scope).check_ambient()
    except Refused as error:
        raise Unidentified(4403, 403, str(error)) from None


def _token(connection: HTTPConnection) -> str | None:
    try:
        return credentials(connection.scope["headers"])
    except BadToken as error:
        raise Unidentified(4401, 401, str(error)) from None


async def _user_of(host: Host, token: str) -> User:
    try:
        return await host.user_of_token(token)
    except BadToken as error:
        raise Unidentified(4401, 401, str(error)) from None


def _speaking_for(user: User, asked: str | None) -> Identity:
    if asked is not None and not user.may_speak_for(asked):
        raise Unidentified(4403, 403, "uid: you may not speak for it")
    return Identity(user, asked or user.uid)


def _by_query(host: Host, asked: str | None) -> Identity:
    if not host.config.multi_user:
        if asked not in (None, LOCAL):
            raise Unidentified(4403, 403, f"uid: this host serves its one user, {LOCAL!r}; MULTI_USER=1 serves many")
        return Identity(User(LOCAL, frozenset({"admin"}), None), LOCAL)
    if asked is None:
        raise Unidentified(4400, 400, "uid: missing in the query; without auth.jwt it says who you are")
    return Identity(User(asked, frozenset(), None), asked)
