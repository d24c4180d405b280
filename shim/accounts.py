"""Who one user is elsewhere: providers that sign in, sessions that extensions may use, and what the user allowed.

The providers keep the tokens. What is kept here is which extension may use which account, and which one it prefers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from sessions.memento import ABSENT
from shim.account import (
    AuthenticationProvider,
    AuthenticationProviderInformation,
    AuthenticationSession,
    AuthenticationSessionAccountInformation,
    AuthenticationSessionsChangeEvent,
)
from shim.events import Disposable, EventEmitter, HasEvents
from shim.extensions import Extensions
from shim.questions import ask, shown
from shim.thenable import called
from shim.values import as_text

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 100
"""Providers of one user."""

NAMESPACE = "authentication"
"""Of the user's state: what they allowed."""

ALLOW = "Allow"
OTHER = "Sign in to another account"


class AccessRefused(RoostError):
    """The user did not let an extension sign in, or use a session."""


class Wish(NamedTuple):
    """How a session is asked for, as `authentication.get_session` has it."""

    create: bool = False
    anew: bool = False
    forget: bool = False
    silent: bool = False
    account: AuthenticationSessionAccountInformation | None = None

    def check(self) -> None:
        """Raises `InvalidValue` where two of them exclude each other."""
        for one, other, names in (
            (self.create, self.silent, "create_if_none and silent"),
            (self.anew, self.silent, "force_new_session and silent"),
            (self.anew, self.create, "force_new_session and create_if_none"),
        ):
            if one and other:
                raise InvalidValue("options", f"{names} exclude each other; give one of them")


class Registered(NamedTuple):
    """A provider that is there, and whose it is."""

    information: AuthenticationProviderInformation
    provider: AuthenticationProvider
    multiple: bool
    extension: str | None


class Asking:
    """A wish that is being met, for all who have the same one at that time."""

    __slots__ = ("answer", "waiting")

    def __init__(self, answer: asyncio.Future[AuthenticationSession | None]) -> None:
        self.answer = answer
        self.waiting = 0


class Accounts(HasEvents):
    """One user's providers, and what extensions may use of them."""

    __slots__ = ("_asking", "_providers", "_session", "changed")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._providers: dict[str, Registered] = {}
        self._asking: dict[tuple[object, ...], Asking] = {}
        self.changed = EventEmitter[AuthenticationSessionsChangeEvent]()

    # -- providers

    def register(self, id: str, label: str, provider: AuthenticationProvider, multiple: bool) -> Disposable:
        """Add a provider. Raises `InvalidValue` where its id is taken, or it cannot sign anybody in."""
        if not as_text(id, "id") or id in self._providers:
            raise InvalidValue("id", f"'{id}' is taken or empty; choose another")
        if len(self._providers) >= MOST:
            raise InvalidValue("id", f"{MOST} providers are there already; dispose of some first")
        for name in ("get_sessions", "create_session", "remove_session"):
            if not callable(getattr(provider, name, None)):
                raise InvalidValue("provider", f"must have a method {name}")
        information = AuthenticationProviderInformation(id, as_text(label, "label"))
        one = self._providers[id] = Registered(information, provider, multiple, current_extension())
        event = getattr(provider, "on_did_change_sessions", None)
        heard = event(lambda _: self._tell(information)) if event is not None else None
        self._tell(information)
        return Disposable.from_(heard, Disposable(lambda: self._remove(one)))

    def _remove(self, one: Registered) -> None:
        if self._providers.get(one.information.id) is one:
            del self._providers[one.information.id]
            self._tell(one.information)

    def forget_extension(self, extension: str) -> None:
        """It is gone, with its providers."""
        for one in [one for one in self._providers.values() if one.extension == extension]:
            self._remove(one)
        super().forget_extension(extension)

    def _tell(self, information: AuthenticationProviderInformation) -> None:
        if not self._session.closing:
            self.changed.fire(AuthenticationSessionsChangeEvent(information))

    async def _provider(self, id: str) -> Registered:
        if id not in self._providers:
            await self._session.get(Extensions).wake(f"onAuthenticationRequest:{id}")
        if id not in self._providers:
            known = ", ".join(sorted(self._providers)) or "none"
            raise InvalidValue("provider_id", f"nobody provides '{id}' here; there is {known}")
        return self._providers[id]

    async def _called(self, one: Registered, method: str, *arguments: Any) -> Any:
        with self._session.entered(one.extension):
            return await called(getattr(one.provider, method), *arguments)

    async def _sessions(
        self, one: Registered, scopes: Sequence[str] | None, account: AuthenticationSessionAccountInformation | None
    ) -> list[AuthenticationSession]:
        found = await self._called(one, "get_sessions", scopes, {"account": account} if account else {})
        return [
            session
            for session in found or ()
            if isinstance(session, AuthenticationSession) and (account is None or session.account.id == account.id)
        ]

    async def accounts(self, id: str) -> list[AuthenticationSessionAccountInformation]:
        """The accounts of all sessions of a provider."""
        sessions = await self._sessions(await self._provider(id), None, None)
        return list({session.account.id: session.account for session in sessions}.values())

    # -- a session for an extension

    async def wanted(
        self, id: str, scopes: Sequence[str], wish: Wish, detail: str | None = None
    ) -> AuthenticationSession | None:
        """The session that the current extension asks for; the user is asked what it may, unless it is `silent`.

        What an extension asks for twice at the same time the user is asked once, whatever they are told it is for.
        """
        wish.check()
        asked = [as_text(scope, "scopes") for scope in scopes]
        same = (current_extension(), id, *sorted(asked), wish)
        one = self._asking.get(same)
        if one is None:
            meeting = self._session.promise(self._met(id, asked, wish, detail), "a session", current_extension())
            one = self._asking[same] = Asking(meeting)
        one.waiting += 1
        try:
            return await asyncio.shield(one.answer)
        finally:
            one.waiting -= 1
            if not one.waiting:  # answered, or nobody wants it any more
                del self._asking[same]
                one.answer.cancel()

    async def _met(self, id: str, asked: list[str], wish: Wish, detail: str | None) -> AuthenticationSession | None:
        extension = current_extension()
        one = await self._provider(id)
        if wish.forget:
            await self._prefer(one, extension, None)
        sessions = [] if wish.anew else await self._sessions(one, asked, wish.account)
        found = await self._usable(one, extension, sessions, any_will_do=not wish.create)
        if found is not None or not (wish.create or wish.anew):
            return found
        await self._consent(one, extension, detail)
        chosen = await self._chosen(one, sessions)
        if chosen is None:
            chosen = await self._called(one, "create_session", asked, {"account": wish.account} if wish.account else {})
        if not isinstance(chosen, AuthenticationSession):
            raise AccessRefused(f"{one.information.label} gave no session")
        await self._allow(one, extension, chosen)
        return chosen

    async def _usable(
        self, one: Registered, extension: str | None, sessions: list[AuthenticationSession], any_will_do: bool
    ) -> AuthenticationSession | None:
        """The session that the extension may use: the one that it prefers, the only one, or any where none is made."""
        allowed = await self._allowed(one, extension)
        may = [session for session in sessions if extension == one.extension or session.account.id in allowed]
        preferred = await self._preferred(one, extension)
        for session in may:
            if session.account.id == preferred:
                return session
        return may[0] if may and (any_will_do or len(sessions) == 1) else None

    async def _consent(self, one: Registered, extension: str | None, detail: str | None) -> None:
        if extension == one.extension:
            return
        text = f"The extension '{extension}' wants to sign in using {one.information.label}."
        params = {"severity": "info", "message": shown(text), "items": [ALLOW], "modal": True, "detail": detail}
        if await ask("window.showMessage", params) != ALLOW:
            raise AccessRefused(f"the user did not let '{extension}' sign in using {one.information.label}")

    async def _chosen(self, one: Registered, sessions: list[AuthenticationSession]) -> AuthenticationSession | None:
        """One of the sessions that there are, as the user chooses; None for a new one."""
        if len(sessions) < 2 or not one.multiple:
            return sessions[0] if sessions else None
        labels = [shown(session.account.label) for session in sessions]
        lines = [{"label": label} for label in (*labels, OTHER)]
        answer = await ask(
            "window.showQuickPick", {"items": lines, "title": f"{one.information.label}: which account?"}
        )
        if answer in (OTHER, len(labels)):
            return None
        if isinstance(answer, int) and 0 <= answer < len(labels):
            return sessions[answer]
        if answer not in labels:
            raise AccessRefused("the user chose no account")
        return sessions[labels.index(answer)]

    # -- what the user allowed

    async def _allowed(self, one: Registered, extension: str | None) -> list[str]:
        found = (await self._memento()).get(f"allowed/{one.information.id}/{extension}", [])
        return found if isinstance(found, list) else []

    async def _preferred(self, one: Registered, extension: str | None) -> Any:
        return (await self._memento()).get(f"preferred/{one.information.id}/{extension}")

    async def _prefer(self, one: Registered, extension: str | None, account: str | None) -> None:
        kept = ABSENT if account is None else account
        await (await self._memento()).update(f"preferred/{one.information.id}/{extension}", kept)

    async def _allow(self, one: Registered, extension: str | None, session: AuthenticationSession) -> None:
        allowed = await self._allowed(one, extension)
        if session.account.id not in allowed:
            key = f"allowed/{one.information.id}/{extension}"
            await (await self._memento()).update(key, [*allowed, session.account.id][-MOST:])
        await self._prefer(one, extension, session.account.id)

    async def _memento(self) -> Any:
        return await self._session.memento(NAMESPACE, "global")

    # -- what clients see

    async def listed(self) -> list[dict[str, Any]]:
        """Each provider with the accounts that the user is signed in to; no token."""
        shown = []
        for one in list(self._providers.values()):
            accounts = [{"id": each.id, "label": each.label} for each in await self.accounts(one.information.id)]
            shown.append({"id": one.information.id, "label": one.information.label, "accounts": accounts})
        return shown

    async def sign_out(self, id: str, account: str) -> None:
        """End all sessions of an account, and forget who might use them."""
        one = await self._provider(id)
        for session in await self._sessions(one, None, None):
            if session.account.id == account:
                await self._called(one, "remove_session", session.id)
        memento = await self._memento()
        kept: Sequence[str] = memento.keys()
        for key in kept:
            if key.startswith((f"allowed/{id}/", f"preferred/{id}/")):
                await memento.update(key, ABSENT)
