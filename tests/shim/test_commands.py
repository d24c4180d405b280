"""Commands: each user's own, by the ids that their extensions wrote, run as the extension that has them."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import current_extension, get_current_user_id
from sessions.errors import InvalidValue, NoCurrentUser
from shim.commands import BUILT_IN, LARGEST_KEY, MOST_KEYS, CommandFailed, Commands
from shim.thenable import Unbound
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


async def test_a_registered_command_gets_its_arguments_and_gives_its_result(ada: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("acme.add", lambda a, b: a + b)
        assert await vscode.commands.execute_command("acme.add", 2, 3) == 5


async def test_a_method_is_bound_whatever_this_argument_is_given(ada: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("a.method", [1, 2].index, "this")
        assert await vscode.commands.execute_command("a.method", 2) == 1


async def test_a_menu_gives_a_command_as_many_arguments_as_it_takes(ada: SessionContext) -> None:
    kinds = {
        "none": lambda: (),
        "one": lambda first: (first,),
        "other": lambda first, second="x": (first, second),
        "named": lambda first, *, second="x": (first, second),
        "all": lambda *every: every,
    }
    commands = ada.get(Commands)
    with ada.entered("acme.menus"):
        for name, run in kinds.items():
            vscode.commands.register_command(f"acme.{name}", run)
        vscode.commands.register_command("acme.built", max)
        vscode.commands.register_command("acme.who", lambda: (current_extension(),))
    found = {name: await commands.execute_from_menu(f"acme.{name}", 1, 2) for name in (*kinds, "built", "who")}
    assert found == {
        "none": (),
        "one": (1,),
        "other": (1, 2),
        "named": (1, "x"),
        "all": (1, 2),
        "built": 2,
        "who": ("acme.menus",),
    }
    with ada.entered():
        vscode.commands.register_command("acme.more", lambda first, second, third: third)
    with pytest.raises(TypeError, match="third"):
        await commands.execute_from_menu("acme.more", 1, 2)
    with pytest.raises(CommandFailed, match="not found"):
        await commands.execute_from_menu("acme.nothing", 1)


async def test_a_menu_gives_no_none_in_the_place_of_a_default(ada: SessionContext) -> None:
    kinds = {
        "has": lambda first, second="x": (first, second),
        "needs": lambda first, second: (first, second),
        "named": lambda first=1, *, second="x": (first, second),
        "more": lambda first, second="x", *more: (first, second, more),
    }
    with ada.entered():
        for name, run in kinds.items():
            vscode.commands.register_command(f"acme.{name}", run)
    commands = ada.get(Commands)
    found = {name: await commands.execute_from_menu(f"acme.{name}", 0, None) for name in kinds}
    assert found == {"has": (0, "x"), "needs": (0, None), "named": (0, "x"), "more": (0, "x", ())}
    assert await commands.execute_from_menu("acme.more", 0, None, None) == (0, None, (None,))
    assert await commands.execute_from_menu("acme.has", None, 2) == (None, 2)
    assert await commands.execute_from_menu("acme.named", None) == (1, "x")


async def test_an_async_command_is_awaited(ada: SessionContext) -> None:
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    with ada.entered():
        vscode.commands.register_command("acme.add", add)
        assert await vscode.commands.execute_command("acme.add", 2, 3) == 5


async def test_a_result_is_given_as_it_is(ada: SessionContext) -> None:
    thing = object()
    with ada.entered():
        vscode.commands.register_command("acme.thing", lambda: thing)
        assert await vscode.commands.execute_command("acme.thing") is thing


async def test_a_command_starts_at_once_and_need_not_be_awaited(ada: SessionContext) -> None:
    ran: list[int] = []
    with ada.entered():
        vscode.commands.register_command("acme.note", ran.append)
        vscode.commands.execute_command("acme.note", 1)
    await eventually(lambda: ran == [1])


async def test_the_same_id_of_two_users_is_two_commands(ada: SessionContext, ben: SessionContext) -> None:
    for session in (ada, ben):
        with session.entered():
            vscode.commands.register_command("acme.who", get_current_user_id)
    assert [await session.get(Commands).execute("acme.who") for session in (ada, ben)] == ["ada", "ben"]


async def test_a_command_of_another_user_is_neither_listed_nor_run(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("acme.mine", lambda: 1)
    with ben.entered():
        assert "acme.mine" not in await vscode.commands.get_commands()
        with pytest.raises(CommandFailed, match=r"'acme\.mine' not found"):
            await vscode.commands.execute_command("acme.mine")


async def test_a_command_runs_as_its_own_extension_whoever_calls_it(ada: SessionContext) -> None:
    with ada.entered("acme.hello"):
        vscode.commands.register_command("hello.me", current_extension)
    with ada.entered("other.caller"):
        assert await vscode.commands.execute_command("hello.me") == "acme.hello"
        assert current_extension() == "other.caller"


async def test_a_taken_id_is_refused_and_the_first_command_stays(ada: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("acme.x", lambda: "first")
        with pytest.raises(ValueError, match=r"command 'acme\.x' already exists"):
            vscode.commands.register_command("acme.x", lambda: "second")
        assert await vscode.commands.execute_command("acme.x") == "first"


async def test_a_built_in_command_cannot_be_taken(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(ValueError, match="already exists"):
        vscode.commands.register_command("setContext", lambda: None)


@pytest.mark.parametrize("wrong", ["", "  ", 7, None, "x" * 1_025])
async def test_an_id_that_is_none_is_refused(ada: SessionContext, wrong: Any) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="command: must be a string"):
        vscode.commands.register_command(wrong, lambda: None)


async def test_disposing_undoes_once_and_never_another_command_of_the_same_id(ada: SessionContext) -> None:
    with ada.entered():
        first = vscode.commands.register_command("acme.x", lambda: 1)
        first.dispose()
        second = vscode.commands.register_command("acme.x", lambda: 2)
        first.dispose()
        assert await vscode.commands.execute_command("acme.x") == 2
        second.dispose()
        with pytest.raises(CommandFailed):
            await vscode.commands.execute_command("acme.x")


async def test_an_unknown_command_is_named(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(CommandFailed) as failed:
        await vscode.commands.execute_command("no.such")
    assert failed.value.command == "no.such"


async def test_what_a_command_raises_reaches_its_caller(ada: SessionContext) -> None:
    def broken() -> None:
        raise LookupError("not today")

    with ada.entered():
        vscode.commands.register_command("acme.broken", broken)
        with pytest.raises(LookupError, match="not today"):
            await vscode.commands.execute_command("acme.broken")


@pytest.mark.parametrize("leave", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException])
async def test_a_command_that_would_end_the_process_fails_like_any_other(
    ada: SessionContext, leave: type[BaseException]
) -> None:
    async def depart() -> None:
        raise leave("bye")

    with ada.entered():
        vscode.commands.register_command("acme.leave", depart)
        with pytest.raises(Unbound, match=leave.__name__):
            await vscode.commands.execute_command("acme.leave")


async def test_sys_exit_in_a_plain_command_does_not_end_the_host(ada: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("acme.exit", sys.exit)
        with pytest.raises(Unbound, match="SystemExit"):
            await vscode.commands.execute_command("acme.exit", 3)


async def test_cancelling_what_execute_gave_cancels_the_command(ada: SessionContext) -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(get_current_user_id())

    with ada.entered():
        vscode.commands.register_command("acme.wait", wait)
        running = vscode.commands.execute_command("acme.wait")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running.cancel()
    await eventually(lambda: ended == ["ada"])


async def test_internal_commands_are_left_out_when_asked(ada: SessionContext) -> None:
    with ada.entered():
        vscode.commands.register_command("_acme.inner", lambda: None)
        vscode.commands.register_command("acme.outer", lambda: None)
        assert await vscode.commands.get_commands() == sorted(["_acme.inner", "acme.outer", *BUILT_IN])
        assert await vscode.commands.get_commands(filter_internal=True) == sorted(["acme.outer", *BUILT_IN])


async def test_a_declared_command_is_listed_and_wakes_whoever_has_it(ada: SessionContext) -> None:
    commands = ada.get(Commands)
    asked: list[str] = []

    async def wake(command: str) -> None:
        asked.append(command)
        commands.register(command, lambda: "awake")

    commands.declare(["acme.sleeper"])
    commands.find = wake
    assert "acme.sleeper" in commands.ids()
    assert await commands.execute("acme.sleeper") == "awake"
    assert await commands.execute("acme.sleeper") == "awake"
    assert asked == ["acme.sleeper"]


async def test_dropping_an_extension_forgets_its_commands_only(ada: SessionContext) -> None:
    for extension in ("acme.one", "acme.two"):
        with ada.entered(extension):
            vscode.commands.register_command(extension, lambda: None)
    ada.get(Commands).forget_extension("acme.one")
    assert ada.get(Commands).ids() == sorted(["acme.two", *BUILT_IN])


async def test_outside_of_a_user_there_are_no_commands() -> None:
    with pytest.raises(NoCurrentUser):
        vscode.commands.register_command("acme.x", lambda: None)
    with pytest.raises(NoCurrentUser):
        vscode.commands.execute_command("acme.x")


async def test_set_context_keeps_a_key_for_its_user_and_tells_the_clients(
    ada: SessionContext, ben: SessionContext
) -> None:
    with ada.entered():
        await vscode.commands.execute_command("setContext", "hello.open", {"deep": [1]})
    assert ada.get(Commands).context_keys == {"hello.open": {"deep": [1]}}
    assert ben.get(Commands).context_keys == {}
    await eventually(lambda: ada.mailbox.seq == 1)
    assert ben.mailbox.seq == 0


async def test_a_context_key_set_to_null_is_gone(ada: SessionContext) -> None:
    execute = ada.get(Commands).execute
    await execute("setContext", "hello.open", True)
    await execute("setContext", "hello.open", None)
    assert ada.get(Commands).context_keys == {}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("", 1, "key: must be"),
        (5, 1, "key: must be"),
        ("x" * 1_025, 1, "key: must be"),
        ("big", "x" * LARGEST_KEY, "value: may have"),
        ("odd", object(), "value: must be JSON .Object of type object"),
    ],
)
async def test_a_context_key_has_bounds(ada: SessionContext, key: Any, value: Any, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        await ada.get(Commands).execute("setContext", key, value)
    assert ada.get(Commands).context_keys == {}


async def test_a_context_key_stays_as_it_was_told_to_clients(ada: SessionContext) -> None:
    value = {"open": [1]}
    await ada.get(Commands).execute("setContext", "hello.files", value)
    value["open"].append(2)
    assert ada.get(Commands).context_keys == {"hello.files": {"open": [1]}}


async def test_context_keys_are_so_many_and_no_more(ada: SessionContext) -> None:
    commands = ada.get(Commands)
    commands.context_keys = {f"key{number}": 1 for number in range(MOST_KEYS)}
    await commands.execute("setContext", "key1", 2)
    with pytest.raises(InvalidValue, match="set already"):
        await commands.execute("setContext", "one.more", 1)
