"""Authentication: a user's sessions with providers, used only by extensions that the user allowed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import get_current_user_id
from sessions.errors import InvalidValue
from shim import AccessRefused, AuthenticationSession, authentication
from shim.accounts import Accounts
from tests.people import people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Provider:
    """Keeps sessions in memory, as one that an extension writes."""

    def __init__(self) -> None:
        self.sessions: list[AuthenticationSession] = []
        self.changed = vscode.EventEmitter[Any]()
        self.on_did_change_sessions = self.changed.event
        self.made = 0

    def get_sessions(self, scopes: Any, options: Any) -> list[AuthenticationSession]:
        return [one for one in self.sessions if scopes is None or list(one.scopes) == list(scopes)]

    async def create_session(self, scopes: Any, options: Any) -> AuthenticationSession:
        self.made += 1
        number, uid = self.made, get_current_user_id()
        account = vscode.AuthenticationSessionAccountInformation(f"id{number}", f"{uid}{number}")
        made = AuthenticationSession(f"s{number}", f"secret-{uid}-{number}", account, list(scopes))
        self.sessions.append(made)
        self.changed.fire(vscode.AuthenticationProviderAuthenticationSessionsChangeEvent(added=[made]))
        return made

    async def remove_session(self, session_id: str) -> None:
        self.sessions = [one for one in self.sessions if one.id != session_id]


def provider(session: SessionContext, multiple: bool = False) -> Provider:
    made = Provider()
    with session.entered("acme.login"):
        authentication.register_authentication_provider("acme", "Acme", made, supports_multiple_accounts=multiple)
    return made


def wanted(session: SessionContext, extension: str = "other.tool", **options: Any) -> Any:
    with session.entered(extension):
        return authentication.get_session("acme", ["b", "a"], **options)


async def answered(session: SessionContext, answer: Any) -> dict[str, Any]:
    """What the user's client was asked, once it has answered so."""
    await eventually(lambda: session.requests.waiting)
    request = session.requests.waiting[0]
    session.requests.answer(request.id, answer, None)
    await eventually(lambda: request not in session.requests.waiting)
    return request.params


async def test_a_session_is_made_once_the_user_allows_it_and_then_used_without_asking(ada: SessionContext) -> None:
    there = provider(ada)
    asking = wanted(ada, create_if_none={"detail": "To push"})
    asked = await answered(ada, "Allow")
    assert (asked["message"], asked["detail"]) == ("The extension 'other.tool' wants to sign in using Acme.", "To push")
    session = await asking
    assert (session.access_token, session.scopes) == ("secret-ada-1", ["b", "a"])
    assert await wanted(ada) == session
    assert await wanted(ada, silent=True) == session
    assert await wanted(ada, create_if_none=True) == session
    assert there.made == 1


async def test_an_extension_that_asks_twice_at_once_asks_the_user_once(ada: SessionContext) -> None:
    there = provider(ada)
    with ada.entered("other.tool"):
        first = authentication.get_session("acme", ["b", "a"], create_if_none={"detail": "To push"})
        second = authentication.get_session("acme", ["a", "b"], create_if_none=True)
    await answered(ada, "Allow")
    assert await first is await second
    assert (there.made, ada.requests.waiting) == (1, [])


async def test_those_who_asked_together_hear_the_same_refusal(ada: SessionContext) -> None:
    provider(ada)
    first, second = wanted(ada, create_if_none=True), wanted(ada, create_if_none=True)
    await answered(ada, None)
    for asking in (first, second):
        with pytest.raises(AccessRefused, match="did not let"):
            await asking
    again = wanted(ada, create_if_none=True)
    await answered(ada, "Allow")
    assert (await again).id == "s1"


@pytest.mark.parametrize("other", [{"extension": "two.tool"}, {"force_new_session": True}])
async def test_what_is_asked_for_otherwise_is_asked_of_its_own(ada: SessionContext, other: dict[str, Any]) -> None:
    provider(ada)
    first = wanted(ada, create_if_none=True)
    second = wanted(ada, **({"create_if_none": "force_new_session" not in other} | other))
    await eventually(lambda: len(ada.requests.waiting) == 2)
    for _ in range(2):
        await answered(ada, "Allow")
    assert None not in await asyncio.gather(first, second)


async def test_one_who_stops_waiting_does_not_stop_the_others(ada: SessionContext) -> None:
    provider(ada)
    first, second = wanted(ada, create_if_none=True), wanted(ada, create_if_none=True)
    await eventually(lambda: ada.requests.waiting)
    first.cancel()
    await answered(ada, "Allow")
    assert (await second).id == "s1"


async def test_when_all_stop_waiting_the_user_is_not_asked_any_more(ada: SessionContext) -> None:
    provider(ada)
    both = [wanted(ada, create_if_none=True), wanted(ada, create_if_none=True)]
    await eventually(lambda: ada.requests.waiting)
    for asking in both:
        asking.cancel()
    await eventually(lambda: not ada.requests.waiting)


async def test_without_leave_there_is_no_session_for_an_extension(ada: SessionContext) -> None:
    there = provider(ada)
    assert await wanted(ada) is None
    assert await wanted(ada, silent=True) is None
    asking = wanted(ada, create_if_none=True)
    await answered(ada, None)
    with pytest.raises(AccessRefused, match=r"did not let 'other\.tool' sign in using Acme"):
        await asking
    assert there.made == 0


async def test_what_one_extension_may_use_another_may_not(ada: SessionContext) -> None:
    provider(ada)
    first = wanted(ada, "one.tool", create_if_none=True)
    await answered(ada, "Allow")
    session = await first
    assert await wanted(ada, "two.tool", silent=True) is None
    second = wanted(ada, "two.tool", create_if_none=True)
    await answered(ada, "Allow")
    assert await second == session


async def test_the_providers_own_extension_is_not_asked_about(ada: SessionContext) -> None:
    provider(ada)
    assert (await wanted(ada, "acme.login", create_if_none=True)).id == "s1"
    assert ada.requests.waiting == []


async def test_two_users_have_sessions_of_their_own(ada: SessionContext, ben: SessionContext) -> None:
    for session in (ada, ben):
        provider(session)
        await wanted(session, "acme.login", create_if_none=True)
    tokens = [(await wanted(session, "acme.login")).access_token for session in (ada, ben)]
    assert tokens == ["secret-ada-1", "secret-ben-1"]


async def test_a_provider_of_one_user_is_none_of_anothers(ada: SessionContext, ben: SessionContext) -> None:
    provider(ada)
    with pytest.raises(InvalidValue, match="nobody provides 'acme' here; there is none"):
        await wanted(ben)


async def test_of_several_accounts_the_user_chooses_and_the_choice_is_kept(ada: SessionContext) -> None:
    there = provider(ada, multiple=True)
    for _ in range(2):
        await wanted(ada, "acme.login", force_new_session=True)
    asking = wanted(ada, create_if_none=True)
    await answered(ada, "Allow")
    asked = await answered(ada, "ada2")
    assert [one["label"] for one in asked["items"]] == ["ada1", "ada2", "Sign in to another account"]
    assert (await asking).account.label == "ada2"
    assert (await wanted(ada, silent=True)).account.label == "ada2"
    assert (await wanted(ada, silent=True, clear_session_preference=True)).account.label == "ada2"
    again = wanted(ada, create_if_none=True, clear_session_preference=True)
    await answered(ada, "Allow")
    await answered(ada, "Sign in to another account")
    assert (await again).account.label == "ada3"
    assert there.made == 3


async def test_the_leave_survives_a_sleep(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        there = provider(ada)
        asking = wanted(ada, create_if_none=True)
        await answered(ada, "Allow")
        session = await asking
        await sessions.close("ada")
        ada = await sessions.open("ada")
        with ada.entered("acme.login"):
            authentication.register_authentication_provider("acme", "Acme", there)
        assert await wanted(ada, silent=True) == session


async def test_changes_of_sessions_are_told_to_the_users_extensions(ada: SessionContext, ben: SessionContext) -> None:
    heard: list[tuple[str, str]] = []
    for session in (ada, ben):
        with session.entered():
            uid = session.uid
            authentication.on_did_change_sessions(lambda event, uid=uid: heard.append((uid, event.provider.label)))
    provider(ada)
    await wanted(ada, "acme.login", create_if_none=True)
    assert heard == [("ada", "Acme"), ("ada", "Acme")]


async def test_signing_out_ends_sessions_and_leaves(ada: SessionContext) -> None:
    provider(ada)
    asking = wanted(ada, create_if_none=True)
    await answered(ada, "Allow")
    session = await asking
    accounts = ada.get(Accounts)
    listed = await accounts.listed()
    assert listed == [{"id": "acme", "label": "Acme", "accounts": [{"id": "id1", "label": "ada1"}]}]
    assert session.access_token not in repr(session) + str(listed)
    await accounts.sign_out("acme", "id1")
    assert await wanted(ada, silent=True) is None
    with ada.entered():
        assert await authentication.get_accounts("acme") == []


@pytest.mark.parametrize(
    "options",
    [
        {"create_if_none": True, "silent": True},
        {"force_new_session": True, "silent": True},
        {"force_new_session": True, "create_if_none": True},
    ],
)
async def test_options_that_exclude_each_other_are_refused(ada: SessionContext, options: Any) -> None:
    provider(ada)
    with pytest.raises(InvalidValue, match="exclude each other"):
        await wanted(ada, **options)


async def test_an_id_has_one_provider_until_it_is_disposed_of(ada: SessionContext) -> None:
    with ada.entered():
        undo = authentication.register_authentication_provider("acme", "Acme", Provider())
        with pytest.raises(InvalidValue, match="'acme' is taken"):
            authentication.register_authentication_provider("acme", "Acme", Provider())
        undo.dispose()
        authentication.register_authentication_provider("acme", "Acme", Provider())
        with pytest.raises(InvalidValue, match="must have a method get_sessions"):
            authentication.register_authentication_provider("none", "None", object())  # type: ignore[arg-type]
