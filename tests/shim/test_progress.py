"""with_progress: what the user sees of a work, and how it is asked to stop."""

from __future__ import annotations

import asyncio

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import CancellationToken, Progress, ProgressLocation
from shim.surface import Surface
from shim.thenable import Unbound
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


async def test_a_work_is_shown_while_it_runs_and_gives_its_result(ada: SessionContext) -> None:
    screen, go = Screen(ada), asyncio.Event()

    async def work(progress: Progress, token: CancellationToken) -> int:
        progress.report(message="reading", increment=30)
        progress.report({"increment": 30})
        progress.report(increment=90)
        progress.report(increment=float("nan"))
        await go.wait()
        return 42

    with ada.entered("acme.hello"):
        result = vscode.window.with_progress(work, location=ProgressLocation.NOTIFICATION, title="Work")
    state = {"location": 15, "title": "Work", "cancellable": False, "message": "reading", "percent": 100}
    assert await screen.shows("progress") == state
    go.set()
    assert await result == 42
    await screen.settle()
    assert screen.of("progress") == []


async def test_a_plain_function_may_be_the_work(ada: SessionContext) -> None:
    with ada.entered():
        assert await vscode.window.with_progress(lambda _, __: "done", location=ProgressLocation.WINDOW) == "done"


@pytest.mark.parametrize(("error", "raised"), [(OSError("no"), OSError), (SystemExit(1), Unbound)])
async def test_a_work_that_fails_is_shown_no_more(
    ada: SessionContext, error: BaseException, raised: type[Exception]
) -> None:
    async def work(progress: Progress, token: CancellationToken) -> None:
        raise error

    with ada.entered(), pytest.raises(raised):
        await vscode.window.with_progress(work, location={"view_id": "hello.tree"})
    assert ada.get(Surface).all(Progress) == []


async def test_the_user_can_ask_a_cancellable_work_to_stop(ada: SessionContext, ben: SessionContext) -> None:
    screen = Screen(ada)

    async def work(progress: Progress, token: CancellationToken) -> str:
        stop = asyncio.Event()
        token.on_cancellation_requested(lambda _: stop.set())
        await stop.wait()
        return "stopped"

    with ada.entered():
        result = vscode.window.with_progress(work, location=ProgressLocation.NOTIFICATION, cancellable=True)
    assert (await screen.shows("progress"))["cancellable"] is True
    handle = screen.handle("progress")
    with pytest.raises(InvalidValue):
        ben.get(Surface).find(Progress, handle)
    ada.get(Surface).find(Progress, handle).cancel()
    assert await result == "stopped"


@pytest.mark.parametrize(
    ("location", "cancellable"), [(ProgressLocation.NOTIFICATION, False), (ProgressLocation.WINDOW, True)]
)
async def test_what_is_not_cancellable_goes_on(
    ada: SessionContext, location: ProgressLocation, cancellable: bool
) -> None:
    tokens, go = [], asyncio.Event()

    async def work(progress: Progress, token: CancellationToken) -> None:
        tokens.append(token)
        await go.wait()

    with ada.entered():
        result = vscode.window.with_progress(work, location=location, cancellable=cancellable)
    (progress,) = ada.get(Surface).all(Progress)
    with pytest.raises(InvalidValue, match="cannot be cancelled"):
        progress.cancel()
    go.set()
    await result
    assert not tokens[0].is_cancellation_requested
