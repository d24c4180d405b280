"""`vscode.authentication`: the current user's accounts, as their extensions' providers have them. It keeps no token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.current import current_session
from shim.account import (
    AuthenticationProvider,
    AuthenticationProviderAuthenticationSessionsChangeEvent,
    AuthenticationProviderInformation,
    AuthenticationSession,
    AuthenticationSessionAccountInformation,
    AuthenticationSessionsChangeEvent,
)
from shim.accounts import Accounts, Wish
from shim.events import Disposable, of_user
from shim.namespace import fix
from shim.thenable import Thenable, thenable

__all__ = [
    "AuthenticationProvider",
    "AuthenticationProviderAuthenticationSessionsChangeEvent",
    "AuthenticationProviderInformation",
    "AuthenticationSession",
    "AuthenticationSessionAccountInformation",
    "AuthenticationSessionsChangeEvent",
    "get_accounts",
    "get_session",
    "on_did_change_sessions",
    "register_authentication_provider",
]


def get_session(
    provider_id: str,
    scopes: Sequence[str],
    *,
    create_if_none: bool | dict[str, Any] = False,
    force_new_session: bool | dict[str, Any] = False,
    clear_session_preference: bool = False,
    silent: bool = False,
    account: AuthenticationSessionAccountInformation | None = None,
) -> Thenable[AuthenticationSession | None]:
    """A session of the user with a provider, which they allow the extension to use.

    None where there is none and none is to be made. `create_if_none` lets the user sign in, `force_new_session` again;
    with `{"detail": ...}` they are told why. `silent` never asks. Raises `InvalidValue` for options that exclude each
    other, `AccessRefused` where the user says no.
    """
    wish = Wish(bool(create_if_none), bool(force_new_session), clear_session_preference, silent, account)
    told = [one["detail"] for one in (create_if_none, force_new_session) if isinstance(one, dict) and "detail" in one]
    wanted = current_session().get(Accounts).wanted(provider_id, scopes, wish, told[0] if told else None)
    return thenable(wanted, f"authentication.get_session {provider_id}")


def get_accounts(provider_id: str) -> Thenable[list[AuthenticationSessionAccountInformation]]:
    """The accounts that the user is signed in to with a provider, each once."""
    return thenable(current_session().get(Accounts).accounts(provider_id), "authentication.get_accounts")


def register_authentication_provider(
    id: str, label: str, provider: AuthenticationProvider, *, supports_multiple_accounts: bool = False
) -> Disposable:
    """Let the user sign in somewhere; `label` is what that is called."""
    return current_session().get(Accounts).register(id, label, provider, supports_multiple_accounts)


on_did_change_sessions = of_user(lambda session: session.get(Accounts).changed)
"""The sessions of a provider have changed, or there is a provider more or less."""


fix(__name__)
