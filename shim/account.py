"""What accounts are: sessions with a provider, what it fires and what it must have. Nobody is asked here."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

from shim.values import Value, readonly


@readonly
class AuthenticationSessionAccountInformation(Value):
    """An account: `id` is the provider's, `label` what the user knows it by."""

    id: str
    label: str


@readonly
class AuthenticationSession(Value):
    """A user signed in with an account; `scopes` say for what."""

    id: str
    access_token: str
    account: AuthenticationSessionAccountInformation
    scopes: Sequence[str]
    id_token: str | None = None

    def __repr__(self) -> str:
        return f"AuthenticationSession(id={self.id!r}, account={self.account!r}, scopes={self.scopes!r})"


@readonly
class AuthenticationProviderInformation(Value):
    """A provider's id and what it is called."""

    id: str
    label: str


@readonly
class AuthenticationSessionsChangeEvent(Value):
    """The sessions of this provider have changed."""

    provider: AuthenticationProviderInformation


@readonly
class AuthenticationProviderAuthenticationSessionsChangeEvent(Value):
    """What a provider fires: which sessions are new, gone, or changed."""

    added: Sequence[AuthenticationSession] | None = None
    removed: Sequence[AuthenticationSession] | None = None
    changed: Sequence[AuthenticationSession] | None = None


class AuthenticationProvider(Protocol):
    """It may have `on_did_change_sessions`. Options are `{"account": ...}`; without scopes all sessions are wanted."""

    def get_sessions(
        self, scopes: Sequence[str] | None, options: dict[str, Any], /
    ) -> Awaitable[Sequence[AuthenticationSession]] | Sequence[AuthenticationSession]: ...

    def create_session(
        self, scopes: Sequence[str], options: dict[str, Any], /
    ) -> Awaitable[AuthenticationSession] | AuthenticationSession: ...

    def remove_session(self, session_id: str, /) -> Any: ...
