"""Who hears an event, in whose name, in which order, and who never suffers for it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import Turn, current_extension, current_turn, get_current_user_id, set_turn, with_user
from sessions.errors import NoCurrentUser
from sessions.tasks import Tasks
from shim.appearance import Appearance
from shim.env import Environment
from shim.events import Disposable, EventEmitter

pytestmark = pytest.mark.anyio


class Working:
    """The one thing that an async listener asks of its session: to run its work as that user and extension."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.failures: asyncio.Queue[tuple[str, Exception]] = asyncio.Queue()
        self.tasks = Tasks(group, lambda name, error: self.failures.put_nowait((name, error)))

    def start(self, work: Any, name: str, extension: str | None = None) -> asyncio.Task[None]:
        context = contextvars.Context()
        context.run(set_turn, Turn("alice", cast(Any, self), extension))
        return self.tasks.start(work, name, context)


@pytest.fixture
async def working() -> AsyncIterator[Working]:
    async with asyncio.TaskGroup() as group:
        yield Working(group)


def test_a_listener_hears_what_is_fired_until_it_is_disposed_of() -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []
    subscription = emitter.event(heard.append)
    emitter.fire(1)
    subscription.dispose()
    subscription.dispose()
    emitter.fire(2)
    assert heard == [1]


def test_an_event_of_nothing_is_fired_without_data() -> None:
    emitter = EventEmitter[None]()
    heard: list[None] = []
    emitter.event(heard.append)
    emitter.fire()
    assert heard == [None]


def test_a_subscription_is_also_put_where_the_caller_asks() -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []
    subscriptions: list[Disposable] = []
    emitter.event(heard.append, subscriptions)
    subscriptions[0].dispose()
    emitter.fire(1)
    assert heard == []


def test_the_list_for_subscriptions_may_stand_where_vs_code_has_it() -> None:
    emitter, subscriptions, heard = EventEmitter[int](), list[Disposable](), list[int]()
    emitter.event(heard.append, None, subscriptions)
    emitter.event(heard.append, subscriptions)
    emitter.event(heard.append, disposables=subscriptions)
    emitter.fire(1)
    for subscription in subscriptions:
        subscription.dispose()
    emitter.fire(2)
    assert (heard, len(subscriptions)) == ([1, 1, 1], 3)


def test_one_who_listens_from_an_empty_context_hears() -> None:
    emitter, heard = EventEmitter[int](), list[int]()
    contextvars.Context().run(emitter.event, heard.append)
    emitter.fire(1)
    assert heard == [1]


def test_the_same_function_twice_listens_twice_and_ends_once_each() -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []
    first = emitter.event(heard.append)
    emitter.event(heard.append)
    first.dispose()
    first.dispose()
    emitter.fire(1)
    assert heard == [1]


def test_a_listener_runs_as_its_subscriber_whoever_fires() -> None:
    emitter = EventEmitter[None]()
    heard: list[str] = []
    with with_user("alice"):
        emitter.event(lambda _: heard.append(get_current_user_id()))
    with with_user("bob"):
        emitter.event(lambda _: heard.append(get_current_user_id()))
        emitter.fire()
    emitter.fire()
    assert heard == ["alice", "bob"] * 2


def test_a_listener_of_nobody_runs_as_nobody_even_if_a_user_fires() -> None:
    emitter = EventEmitter[None]()
    heard: list[object] = []
    emitter.event(lambda _: heard.append(current_turn()))
    with with_user("alice"):
        emitter.fire()
    assert heard == [None]


def test_what_a_listener_sets_in_its_context_stays_in_that_call() -> None:
    colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")
    emitter = EventEmitter[None]()
    heard: list[str] = []

    def listener(_: None) -> None:
        heard.append(colour.get())
        colour.set("red")

    emitter.event(listener)
    emitter.fire()
    emitter.fire()
    assert heard == ["none", "none"]
    assert colour.get() == "none"


@pytest.mark.parametrize("error", [ValueError("oh no"), asyncio.CancelledError(), SystemExit(3)])
def test_a_listener_that_raises_is_logged_and_nobody_else_notices(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []

    def raising_listener(_: int) -> None:
        raise error

    emitter.event(raising_listener)
    emitter.event(heard.append)
    emitter.fire(1)
    assert heard == [1]
    assert [(record.levelno, record.name) for record in caplog.records] == [(logging.ERROR, "roost.shim")]
    assert "raising_listener" in caplog.text


def test_all_hear_all_events_in_one_order_even_those_that_a_listener_fires() -> None:
    emitter = EventEmitter[int]()
    first: list[int] = []
    second: list[int] = []

    def again(number: int) -> None:
        first.append(number)
        if number < 3:
            emitter.fire(number + 1)

    emitter.event(again)
    emitter.event(second.append)
    emitter.fire(1)
    assert first == second == [1, 2, 3]


def test_a_listener_may_fire_its_own_event_in_its_own_context_again() -> None:
    emitter = EventEmitter[int]()
    heard: list[tuple[int, str]] = []

    def again(number: int) -> None:
        heard.append((number, get_current_user_id()))
        if number == 1:
            emitter.fire(2)

    with with_user("alice"):
        emitter.event(again)
    emitter.fire(1)
    assert heard == [(1, "alice"), (2, "alice")]


def test_one_added_while_an_event_is_on_its_way_hears_the_next() -> None:
    emitter = EventEmitter[int]()
    late: list[int] = []
    emitter.event(lambda number: emitter.event(late.append) if number == 1 else None)
    emitter.fire(1)
    assert late == []
    emitter.fire(2)
    assert late == [2]


def test_one_removed_while_an_event_is_on_its_way_hears_it_no_more() -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []
    kept: list[int] = []
    subscriptions: list[Disposable] = []
    emitter.event(lambda _: subscriptions[0].dispose())
    emitter.event(heard.append, subscriptions)
    emitter.event(kept.append)
    emitter.fire(1)
    assert (heard, kept) == ([], [1])


def test_after_its_end_nobody_hears_an_event_and_none_can_be_awaited_from_it() -> None:
    emitter = EventEmitter[int]()
    heard: list[int] = []
    emitter.event(lambda _: emitter.dispose())
    subscription = emitter.event(heard.append)
    emitter.fire(1)
    emitter.event(heard.append).dispose()
    emitter.event(heard.append)
    emitter.fire(2)
    subscription.dispose()
    emitter.dispose()
    assert heard == []


async def test_an_async_listener_is_work_of_its_subscribers_session_and_extension(working: Working) -> None:
    emitter = EventEmitter[int]()
    heard: asyncio.Queue[tuple[int, str, str | None]] = asyncio.Queue()

    async def listener(number: int) -> None:
        await heard.put((number, get_current_user_id(), current_extension()))

    with with_user("alice", cast(Any, working), "acme.hello"):
        emitter.event(listener)
    with with_user("bob"):
        emitter.fire(7)
    assert len(working.tasks) == 1
    assert await heard.get() == (7, "alice", "acme.hello")


async def test_an_async_listener_that_fails_is_told_to_its_session(working: Working) -> None:
    emitter = EventEmitter[None]()

    async def failing(_: None) -> None:
        raise ValueError("oh no")

    with with_user("alice", cast(Any, working)):
        emitter.event(failing)
    emitter.fire()
    name, error = await working.failures.get()
    assert (name.rpartition(".")[2], str(error)) == ("failing", "oh no")


async def test_an_async_listener_without_a_session_is_refused_at_once() -> None:
    async def listener(_: None) -> None:
        raise NotImplementedError

    with pytest.raises(NoCurrentUser):
        EventEmitter[None]().event(listener)


async def test_one_that_turns_out_async_without_a_session_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise NotImplementedError

    emitter = EventEmitter[None]()
    emitter.event(lambda _: work())
    emitter.fire()
    assert "no user here" in caplog.text


def test_a_disposable_calls_back_once_even_if_that_disposes_of_it_again() -> None:
    calls: list[int] = []

    def call() -> int:
        calls.append(1)
        disposable.dispose()
        return 12

    disposable = Disposable(call)
    assert disposable.dispose() == 12
    assert disposable.dispose() is None
    assert calls == [1]
    Disposable(None).dispose()


def test_a_disposable_of_many_disposes_of_all_in_order_even_if_one_raises() -> None:
    calls: list[str] = []

    def broken() -> None:
        calls.append("broken")
        raise ValueError("oh no")

    undisposable: Any = object()
    many = Disposable.from_(
        None,
        undisposable,
        Disposable(lambda: calls.append("first")),
        Disposable(broken),
        Disposable(lambda: calls.append("last")),
    )
    with pytest.raises(ValueError, match="oh no"):
        many.dispose()
    many.dispose()
    assert calls == ["first", "broken", "last"]


async def test_an_extension_that_is_gone_hears_no_event_of_its_user(ada: SessionContext) -> None:
    heard: list[str] = []

    def listen(name: str) -> None:
        namespaces = (vscode.window, vscode.workspace, vscode.languages, vscode.tasks, vscode.lm, vscode.env)
        for namespace in (*namespaces, vscode.authentication):
            names = (dir(namespace), getattr(namespace, "__annotations__", ()), getattr(namespace, "LATER", ()))
            for event in set().union(*names):
                if event.startswith("on_"):
                    getattr(namespace, event)(lambda _: heard.append(name))
        for event in (vscode.window.tab_groups.on_did_change_tabs, vscode.window.tab_groups.on_did_change_tab_groups):
            event(lambda _: heard.append(name))

    with ada.entered("acme.gone"):
        listen("gone")
    with ada.entered("acme.here"):
        listen("here")
    ada.forget_extension("acme.gone")
    await ada.files.write("/workspace/a.txt", b"a")
    with ada.entered():
        editor = await vscode.window.show_text_document(vscode.Uri.file("/workspace/a.txt"))
        editor.selection = vscode.Selection(0, 0, 0, 1)
        await editor.edit(lambda edit: edit.insert(vscode.Position(0, 0), "b"))
        await editor.document.save()
        await vscode.window.tab_groups.close(list(vscode.window.tab_groups.all))
        vscode.languages.create_diagnostic_collection().set(editor.document.uri, [])
        vscode.workspace.update_workspace_folders(1, 0, vscode.Uri.file("/home"))
        ada.get(Environment).set_level(vscode.LogLevel.ERROR)
        ada.get(Appearance).color(vscode.ColorThemeKind.LIGHT)
        vscode.lm.register_language_model_chat_provider("acme", object())
        await asyncio.sleep(0)
    assert set(heard) == {"here"}
