"""Loading extensions: woken when they are needed, once a user, in limited time; what fails hurts only its user."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import shim as vscode
from host.activation import ActivationFailed, Activations
from host.loader import Loader
from host.modules import Copies, Proxy
from sessions.context import SessionContext
from sessions.errors import SessionClosed
from shim.commands import BUILT_IN, CommandFailed, Commands
from shim.env import Environment
from shim.extensions import Extensions
from tests.people import extension, loads, people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

COUNTER = """
    import shim as vscode
    count = 0
    activations = []

    def increase(by=1):
        global count
        count += by
        return count

    def activate(context):
        activations.append(context.extension.id)
        context.subscriptions.append(vscode.commands.register_command("counter.increase", increase))
        context.subscriptions.append(vscode.commands.register_command("counter.activations", lambda: activations))
        return {"increase": increase}
"""


def offers(*commands: str, more: str = "") -> str:
    """The part of a manifest that contributes commands."""
    return more + "\n" + "\n".join(f'[[contributes.commands]]\ncommand = "{one}"\ntitle = "T"' for one in commands)


def counter(folder: Path, more: str = "") -> Path:
    manifest = offers("counter.increase", "counter.activations", more=more)
    return extension(folder, "counter", manifest, extension=COUNTER)


async def run(session: SessionContext, command: str, *arguments: object) -> Any:
    return await session.get(Commands).execute(command, *arguments)


async def failures(session: SessionContext, count: int = 1) -> list[Any]:
    """What the user was told of failed activations, which are all of their `count` events."""
    await eventually(lambda: session.mailbox.seq == count)
    batch = await anext(session.mailbox.follow(0))
    assert {event.type for event in batch} == {"extensions.onDidFailToActivate"}
    return [orjson.loads(event.data_json) for event in batch]


def is_loaded(session: SessionContext, package: str) -> bool:
    copies = session.peek(Copies)
    return copies is not None and copies.get(package) is not None


# -- waking


async def test_a_contributed_command_is_listed_before_any_code_runs(tmp_path: Path) -> None:
    place = counter(tmp_path)
    (place / "extension.py").write_text("raise RuntimeError('ran')")
    async with people(tmp_path, loads(place)) as sessions:
        ada = await sessions.open("ada")
        assert ada.get(Commands).ids() == sorted(["counter.activations", "counter.increase", *BUILT_IN])
        assert not is_loaded(ada, "counter")
        assert not ada.busy


async def test_the_first_command_wakes_the_extension_and_later_ones_find_it_awake(tmp_path: Path) -> None:
    async with people(tmp_path, loads(counter(tmp_path))) as sessions:
        ada = await sessions.open("ada")
        assert [await run(ada, "counter.increase") for _ in range(3)] == [1, 2, 3]
        assert await run(ada, "counter.activations") == ["acme.counter"]


async def test_it_is_activated_once_however_many_ask_at_the_same_time(tmp_path: Path) -> None:
    async with people(tmp_path, loads(counter(tmp_path))) as sessions:
        ada = await sessions.open("ada")
        counts = await asyncio.gather(*(run(ada, "counter.increase") for _ in range(50)))
        assert sorted(counts) == list(range(1, 51))
        assert await run(ada, "counter.activations") == ["acme.counter"]


async def test_every_user_has_globals_of_their_own(tmp_path: Path) -> None:
    async with people(tmp_path, loads(counter(tmp_path))) as sessions:
        users = [await sessions.open(f"user{number}") for number in range(10)]
        for number, user in enumerate(users):
            await asyncio.gather(*(run(user, "counter.increase") for _ in range(number)))
        assert [await run(user, "counter.increase", 0) for user in users] == list(range(10))


async def test_a_user_who_does_not_use_it_loads_nothing(tmp_path: Path) -> None:
    async with people(tmp_path, loads(counter(tmp_path))) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        await run(ada, "counter.increase")
        assert (is_loaded(ada, "counter"), is_loaded(ben, "counter")) == (True, False)


async def test_activation_runs_as_the_user_and_the_extension(tmp_path: Path) -> None:
    text = """
        import shim as vscode
        from sessions.current import current_extension, get_current_user_id
        at_import = get_current_user_id()
        async def activate(context):
            return at_import, get_current_user_id(), current_extension(), vscode.env.session_id
    """
    async with people(tmp_path, loads(extension(tmp_path, "who", extension=text))) as sessions:
        ada = await sessions.open("ada")
        exports = await ada.get(Extensions).activate("ACME.who")
        assert exports == ("ada", "ada", "acme.who", ada.session_id)


async def test_an_extension_wakes_at_the_start_where_it_says_so(tmp_path: Path) -> None:
    for name, event in (("star", "*"), ("late", "onStartupFinished")):
        text = "def activate(context): return 1"
        extension(tmp_path / "many", name, f'activation_events = ["{event}"]', extension=text)
    counter(tmp_path / "many")
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        await eventually(lambda: set(ada.get(Extensions).exports) == {"acme.star", "acme.late"})
        await eventually(lambda: not ada.busy)


async def test_those_of_star_are_active_before_startup_is_finished(tmp_path: Path) -> None:
    order = "import asyncio, shim as vscode\nfrom sessions.current import current_session\n"
    slow = order + "async def activate(context): await asyncio.sleep(0.05)"
    late = order + "def activate(context): return vscode.extensions.get_extension('acme.slow').is_active"
    extension(tmp_path / "many", "slow", 'activation_events = ["*"]', extension=slow)
    extension(tmp_path / "many", "late", 'activation_events = ["onStartupFinished"]', extension=late)
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        await eventually(lambda: ada.get(Extensions).exports.get("acme.late") is True)


@pytest.mark.parametrize(
    ("glob", "file", "woken"),
    [
        ("setup.cfg", "setup.cfg", True),
        ("a/b.txt", "a/b.txt", True),
        ("setup.cfg", "sub/setup.cfg", False),
        ("**/*.csproj", "src/deep/x.csproj", True),
        ("**/*.{a,b}", "x.b", True),
        ("*.csproj", "src/x.csproj", False),
        ("*/.git", "project/.git", True),
        ("*/.git", "deep/project/.git", False),
        ("**/package.json", "node_modules/x/package.json", False),
        ("../*", "x", False),
    ],
)
async def test_an_extension_wakes_where_the_workspace_has_its_files(
    tmp_path: Path, glob: str, file: str, woken: bool
) -> None:
    manifest = f'activation_events = ["workspaceContains:{glob}"]'
    place = extension(tmp_path, "finder", manifest, extension="def activate(context): return 1")
    workspace = tmp_path / "users" / "ada" / "root" / "workspace"
    (workspace / file).parent.mkdir(parents=True)
    (workspace / file).touch()
    async with people(tmp_path, loads(place)) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        await eventually(lambda: not ada.busy and not ben.busy)
        assert ("acme.finder" in ada.get(Extensions).exports) is woken
        assert ben.get(Extensions).exports == {}


async def test_settings_have_the_manifests_defaults_without_any_code(tmp_path: Path) -> None:
    manifest = '[contributes.configuration.properties."counter.step"]\ntype = "integer"\ndefault = 3'
    place = extension(tmp_path, "counter", manifest, extension="raise RuntimeError('ran')")
    async with people(tmp_path, loads(place)) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        await ben.settings.update("counter.step", 4)
        assert [session.settings.get("counter.step") for session in (ada, ben)] == [3, 4]


# -- dependencies


async def test_what_an_extension_needs_is_active_before_it(tmp_path: Path) -> None:
    extension(tmp_path / "many", "base", extension="import asyncio\nasync def activate(context):\n  return ['base']")
    upper = """
        import shim as vscode
        def activate(context):
            return vscode.extensions.get_extension("acme.base").exports + ["upper"]
    """
    extension(tmp_path / "many", "upper", 'extension_dependencies = ["ACME.Base"]', extension=upper)
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        assert await ada.get(Extensions).activate("acme.upper") == ["base", "upper"]


async def test_an_extension_whose_need_fails_fails_and_says_why(tmp_path: Path) -> None:
    extension(tmp_path / "many", "base", extension="def activate(context): raise OSError('no luck')")
    extension(tmp_path / "many", "upper", 'extension_dependencies = ["acme.base"]', extension="")
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        with pytest.raises(
            ActivationFailed, match=r"'acme\.upper' .* 'acme\.base' failed to activate: OSError: no luck"
        ):
            await ada.get(Extensions).activate("acme.upper")
        assert [one["id"] for one in await failures(ada, 2)] == ["acme.base", "acme.upper"]


async def test_an_extension_may_call_another_ones_command_while_it_is_activated(tmp_path: Path) -> None:
    counter(tmp_path / "many")
    text = """
        import shim as vscode
        async def activate(context):
            return await vscode.commands.execute_command("counter.increase", 5)
    """
    extension(tmp_path / "many", "caller", extension=text)
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        assert await ada.get(Extensions).activate("acme.caller") == 5


async def test_an_extension_that_waits_for_its_own_missing_command_is_told(tmp_path: Path) -> None:
    text = """
        import shim as vscode
        async def activate(context):
            await vscode.commands.execute_command("own.command")
    """
    place = extension(tmp_path, "own", offers("own.command"), extension=text)
    async with people(tmp_path, loads(place)) as sessions:
        ada = await sessions.open("ada")
        with pytest.raises(CommandFailed, match=r"'own\.command' cannot run: .*'own\.command' not found"):
            await run(ada, "own.command")


# -- what fails

FAILS = [
    ("raise ValueError('at import')", "ValueError: at import"),
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ("def activate(context):\n    return 1 / 0", "ZeroDivisionError: division by zero"),
    ("async def activate(context):\n    raise LookupError('later')", "LookupError: later"),
    ("def activate(): pass", "TypeError: activate() takes 0 positional arguments but 1 was given"),
    ("x = 1", "'extension.py' has no activate(context); write one"),
    ("def activate(context", "SyntaxError: '(' was never closed (extension.py, line 1)"),
    ("import sys; sys.exit(3)", "it raised SystemExit: 3"),
    ("import sys\ndef activate(context): sys.exit(3)", "it raised SystemExit: 3"),
    ("async def activate(context): raise KeyboardInterrupt", "it raised KeyboardInterrupt: "),
    ("import asyncio\nasync def activate(context): raise asyncio.CancelledError", "its activate was cancelled"),
    ("async def activate(context): raise GeneratorExit", "it raised GeneratorExit: "),
    ("def activate(context): raise StopIteration", "RuntimeError: coroutine raised StopIteration"),
    (
        "import shim as vscode\nvscode.workspace.fs.stat(vscode.Uri.file('/'))",
        "workspace.fs.stat: there is no event loop here; call it in activate() or later",
    ),
    ("from shim.proposed import events", "ImportError: shim.proposed.events is a proposal: add"),
    ("def activate(context): raise ValueError('x' * 5000)", "ValueError: " + "x" * 988),
]


@pytest.mark.parametrize(("text", "says"), FAILS)
async def test_a_failed_activation_is_told_in_a_sentence_and_the_host_goes_on(
    tmp_path: Path, text: str, says: str
) -> None:
    place = extension(tmp_path / "many", "bad", offers("bad.do"), extension=text)
    counter(tmp_path / "many")
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada = await sessions.open("ada")
        with pytest.raises(CommandFailed) as failed:
            await run(ada, "bad.do")
        assert f"command 'bad.do' cannot run: extension 'acme.bad' failed to activate: {says}" in str(failed.value)
        assert failed.value.command == "bad.do"
        (event,) = await failures(ada)
        assert event["id"] == "acme.bad"
        assert event["message"].startswith(says)
        assert len(event["message"]) <= 1_000
        assert "Traceback" not in event["message"]
        assert str(place) not in event["message"]
        assert not is_loaded(ada, "bad")
        assert await run(ada, "counter.increase") == 1


async def test_what_a_failed_activation_registered_is_undone(tmp_path: Path) -> None:
    text = """
        import shim as vscode
        undone = []
        def activate(context):
            context.subscriptions.append(vscode.commands.register_command("bad.do", lambda: 1))
            vscode.commands.register_command("bad.forgotten", lambda: 1)
            context.keep_awake()
            context.subscriptions.append(vscode.Disposable(lambda: context.global_state.update("undone", True)))
            raise ValueError("after all that")
    """
    place = extension(tmp_path, "bad", offers("bad.do"), extension=text)
    async with people(tmp_path, loads(place)) as sessions:
        ada = await sessions.open("ada")
        for _ in range(2):
            with pytest.raises(CommandFailed, match="after all that"):
                await run(ada, "bad.do")
        assert ada.get(Commands).ids() == sorted(["bad.do", *BUILT_IN])
        with pytest.raises(CommandFailed, match="not found"):
            await run(ada, "bad.forgotten")
        assert (await ada.memento("acme.bad", "global")).get("undone") is True
        await eventually(lambda: not ada.busy)


async def test_a_failed_activation_is_tried_again_when_it_is_asked_for_again(tmp_path: Path) -> None:
    text = """
        import shim as vscode
        async def activate(context):
            await vscode.workspace.fs.read_file(vscode.Uri.file("/workspace/ready"))
            context.subscriptions.append(vscode.commands.register_command("bad.do", lambda: "done"))
    """
    place = extension(tmp_path, "bad", offers("bad.do"), extension=text)
    async with people(tmp_path, loads(place)) as sessions:
        ada = await sessions.open("ada")
        with pytest.raises(CommandFailed, match="/workspace/ready"):
            await run(ada, "bad.do")
        await ada.files.write("/workspace/ready", b"")
        assert await run(ada, "bad.do") == "done"


async def test_it_fails_for_its_user_only(tmp_path: Path) -> None:
    text = """
        import shim as vscode
        from sessions.current import get_current_user_id
        def activate(context):
            if get_current_user_id() == "ada":
                raise ValueError("not for ada")
            context.subscriptions.append(vscode.commands.register_command("bad.do", lambda: "done"))
    """
    place = extension(tmp_path, "bad", offers("bad.do"), extension=text)
    async with people(tmp_path, loads(place)) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        with pytest.raises(CommandFailed, match="not for ada"):
            await run(ada, "bad.do")
        assert await run(ben, "bad.do") == "done"
        assert ben.mailbox.seq == 0


HANGS = [
    "await asyncio.Event().wait()",
    """
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if context.global_state.get("let_go"):
                        raise""",
]


@pytest.mark.parametrize("hang", HANGS, ids=["waits", "refuses to be cancelled"])
async def test_an_activation_that_never_ends_is_given_up_after_its_time(tmp_path: Path, hang: str) -> None:
    text = f"""
        import asyncio, shim as vscode
        from sessions.current import get_current_user_id
        async def activate(context):
            vscode.commands.register_command("bad.half", lambda: 1)
            if get_current_user_id() != "ada":
                vscode.commands.register_command("bad.do", lambda: "done")
                return
            {hang}
    """
    place = extension(tmp_path, "bad", offers("bad.do"), extension=text)
    async with people(tmp_path, loads(place, activate_s=1.0)) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        with pytest.raises(CommandFailed, match=r"its activate did not end within 1 s"):
            await run(ada, "bad.do")
        assert await run(ben, "bad.do") == "done"
        assert ada.get(Commands).ids() == sorted(["bad.do", *BUILT_IN])
        assert [one["message"] for one in await failures(ada)] == ["its activate did not end within 1 s"]
        await (await ada.memento("acme.bad", "global")).update("let_go", True)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What module code of a test waits for; it is open when the test ends."""
    opened = threading.Event()
    monkeypatch.setattr(threading, "gate_of_the_test", opened, raising=False)
    yield opened
    opened.set()


WAITS = """
    import threading, shim as vscode
    threading.gate_of_the_test.wait(30)
    def activate(context):
        context.subscriptions.append(vscode.commands.register_command("bad.do", lambda: "done"))
"""


async def test_module_code_that_never_ends_is_given_up_and_takes_one_thread_not_one_for_each_try(
    tmp_path: Path, gate: threading.Event
) -> None:
    extension(tmp_path / "many", "bad", offers("bad.do"), extension=WAITS)
    counter(tmp_path / "many")
    loader = loads(tmp_path / "many", load_s=1.0)
    async with people(tmp_path, loader) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        with pytest.raises(CommandFailed, match=r"its modules did not end loading within 1 s"):
            await run(ada, "bad.do")
        started = time.monotonic()
        for session in (ada, ben, ada):
            with pytest.raises(CommandFailed, match="have not ended loading for another user"):
                await run(session, "bad.do")
        assert time.monotonic() - started < 1, "it is refused at once, without waiting for the time to be over"
        assert len([one for one in threading.enumerate() if one.name == "load acme.bad"]) == 1
        assert gc.isenabled(), "the collector does not wait for it"
        assert await run(ada, "counter.increase") == 1
        assert await ada.files.read_directory("/workspace") == []
        gate.set()
        await eventually(lambda: not [one for one in threading.enumerate() if one.name == "load acme.bad"])
        await eventually(lambda: loader.installed["acme.bad"].stuck == 0)
        assert [await run(session, "bad.do") for session in (ada, ben)] == ["done", "done"]


async def test_the_loop_goes_on_while_module_code_runs(tmp_path: Path) -> None:
    text = """
        import time
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            sum(range(1000))
        def activate(context): pass
    """
    async with people(tmp_path, loads(extension(tmp_path, "slow", extension=text))) as sessions:
        ada = await sessions.open("ada")
        activating = asyncio.ensure_future(ada.get(Extensions).activate("acme.slow"))
        rounds = 0
        while not activating.done():
            await asyncio.sleep(0)
            rounds += 1
        assert rounds > 20


async def test_who_stops_waiting_does_not_stop_the_activation(tmp_path: Path, gate: threading.Event) -> None:
    place = extension(tmp_path, "bad", offers("bad.do"), extension=WAITS)
    async with people(tmp_path, loads(place)) as sessions:
        ada = await sessions.open("ada")
        first = asyncio.create_task(run(ada, "bad.do"))
        second = asyncio.create_task(run(ada, "bad.do"))
        await eventually(lambda: is_loaded(ada, "bad"))
        first.cancel()
        gate.set()
        assert await second == "done"
        assert first.cancelled()


# -- ending


async def test_ending_deactivates_disposes_and_lets_the_modules_go(tmp_path: Path) -> None:
    text = """
        import asyncio, shim as vscode
        class Thing: pass
        async def deactivate():
            await asyncio.sleep(0)
            await log("deactivate")
        def activate(context):
            global log
            steps = []
            async def log(step):
                steps.append(step)
                await context.global_state.update("steps", steps)
            context.subscriptions.append(vscode.Disposable(lambda: log("dispose")))
            return Thing
    """
    async with people(tmp_path, loads(extension(tmp_path, "tidy", extension=text))) as sessions:
        ada = await sessions.open("ada")
        thing = weakref.ref(await ada.get(Extensions).activate("acme.tidy"))
        await sessions.close("ada")
        del ada
        await eventually(lambda: thing() is None)
        again = await sessions.open("ada")
        assert (await again.memento("acme.tidy", "global")).get("steps") == ["deactivate", "dispose"]


async def test_after_a_sleep_an_extension_begins_anew_with_its_state(tmp_path: Path) -> None:
    async with people(tmp_path, loads(counter(tmp_path))) as sessions:
        assert await run(await sessions.open("ada"), "counter.increase", 5) == 5
        await sessions.close("ada")
        assert await run(await sessions.open("ada"), "counter.increase") == 1


@pytest.mark.parametrize("text", ["raise ValueError('x')", "await asyncio.Event().wait()", "import sys; sys.exit()"])
async def test_an_extension_that_does_not_end_well_does_not_keep_the_others(tmp_path: Path, text: str) -> None:
    bad = f"import asyncio\ndef activate(context): pass\nasync def deactivate():\n    {text}"
    good = """
        def activate(context):
            global state
            state = context.global_state
        async def deactivate():
            await state.update("ended", True)
    """
    extension(tmp_path / "many", "bad", extension=bad)
    extension(tmp_path / "many", "good", extension=good)
    async with people(tmp_path, loads(tmp_path / "many", deactivate_s=1.0)) as sessions:
        ada = await sessions.open("ada")
        for one in ("acme.bad", "acme.good"):
            await ada.get(Extensions).activate(one)
        async with asyncio.timeout(5):
            await sessions.close("ada")
        again = await sessions.open("ada")
        assert (await again.memento("acme.good", "global")).get("ended") is True


async def test_the_work_of_an_extension_ends_with_it_and_nobody_elses(tmp_path: Path) -> None:
    works = """
        import asyncio
        import shim as vscode
        from shim.proposed import background

        log = []

        async def beat():
            try:
                while True:
                    await asyncio.sleep(0.01)
                    log.append("beat")
            finally:
                log.append("ended")

        async def heard(_):
            await asyncio.Event().wait()

        def activate(context):
            background.start(beat(), "beat")
            vscode.env.on_did_change_log_level(heard)
            vscode.window.show_information_message("Still there?", "Yes")
            return log
        """
    manifest = 'enabled_api_proposals = ["background"]'
    folders = [extension(tmp_path, name, manifest, extension=works) for name in ("one", "two")]
    async with people(tmp_path, loads(*folders)) as sessions:
        ada = await sessions.open("ada")
        one, two = [await ada.get(Extensions).activate(f"acme.{name}") for name in ("one", "two")]
        await eventually(lambda: "beat" in one and "beat" in two and len(ada.requests.waiting) == 2)
        ada.get(Environment).set_level(vscode.LogLevel.ERROR)
        await ada.get(Activations).end_one("acme.one")
        assert (one[-1], len(ada.requests.waiting)) == ("ended", 1)
        beats = len(two)
        await eventually(lambda: len(two) > beats)
        assert "ended" not in two


async def test_a_session_that_ends_in_the_middle_of_an_activation_ends_it_undone(tmp_path: Path) -> None:
    text = """
        import asyncio, shim as vscode
        async def activate(context):
            context.subscriptions.append(vscode.Disposable(lambda: context.global_state.update("undone", True)))
            vscode.commands.register_command("half.way", lambda: 1)
            await asyncio.Event().wait()
    """
    async with people(tmp_path, loads(extension(tmp_path, "half", extension=text))) as sessions:
        ada = await sessions.open("ada")
        activate = ada.get(Extensions).activate
        activating = asyncio.ensure_future(activate("acme.half"))
        await eventually(lambda: "half.way" in ada.get(Commands).ids())
        async with asyncio.timeout(5):
            await sessions.close("ada")
        with pytest.raises(SessionClosed):
            await activating
        with pytest.raises(SessionClosed):
            await activate("acme.half")
        again = await sessions.open("ada")
        assert (await again.memento("acme.half", "global")).get("undone") is True


# -- shared ones, and the process


async def test_a_shared_extension_has_one_set_of_modules_and_is_activated_for_each_user(tmp_path: Path) -> None:
    place = extension(tmp_path, "common", offers("common.increase", more="shared = true"), extension="")
    (place / "extension.py").write_text(
        "import shim as vscode\ncount = 0\n"
        "def increase():\n    global count\n    count += 1\n    return count\n"
        "def activate(context):\n"
        "    context.subscriptions.append(vscode.commands.register_command('common.increase', increase))\n"
    )
    try:
        async with people(tmp_path, loads(place)) as sessions:
            ada, ben = await sessions.open("ada"), await sessions.open("ben")
            assert [await run(session, "common.increase") for session in (ada, ben, ada)] == [1, 2, 3]
            assert type(sys.modules["common.extension"]) is not Proxy
    finally:
        for name in ("common", "common.extension"):
            sys.modules.pop(name, None)


async def test_a_bad_extension_is_a_problem_in_the_log_and_the_others_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extension(tmp_path / "many", "bad", "nonsense = 1", extension="")
    counter(tmp_path / "many")
    loader = loads(tmp_path / "many")
    async with people(tmp_path, loader) as sessions:
        assert await run(await sessions.open("ada"), "counter.increase") == 1
        assert len(loader.problems) == 1
        assert loader.problems[0] in caplog.text


async def test_two_hosts_in_one_process_may_have_the_same_extension(tmp_path: Path) -> None:
    place = counter(tmp_path)
    async with people(tmp_path / "one", loads(place)) as first:
        async with people(tmp_path / "two", loads(place)) as second:
            ada, other = await first.open("ada"), await second.open("ada")
            assert [await run(session, "counter.increase") for session in (ada, other, ada)] == [1, 1, 2]
        assert await run(ada, "counter.increase") == 3
        assert "counter" in sys.modules
    assert not [name for name in sys.modules if name.partition(".")[0] == "counter"]


async def test_what_comes_with_the_host_has_no_problems() -> None:
    loader = Loader()
    await asyncio.to_thread(loader.find)
    try:
        assert loader.problems == []
    finally:
        loader.close()


async def test_an_unknown_extension_is_not_installed(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        with pytest.raises(ActivationFailed, match=r"'acme\.none' failed to activate: it is not installed here"):
            await ada.get(Extensions).activate("acme.none")
        with ada.entered():
            assert vscode.extensions.all == ()


# -- what wakes an extension


WOKEN = """
    import shim as vscode

    class Provider:
        def provide_tasks(self, token):
            return [vscode.Task({"type": "make"}, vscode.TaskScope.WORKSPACE, "all", "make")]
        def get_sessions(self, scopes, options):
            account = vscode.AuthenticationSessionAccountInformation("1", "me")
            return [vscode.AuthenticationSession("s", "t", account, scopes)]
        create_session = remove_session = None.__init__

    def activate(context):
        context.subscriptions.append(vscode.tasks.register_task_provider("make", Provider()))
        context.subscriptions.append(vscode.authentication.register_authentication_provider("acme", "A", Provider()))
"""


async def test_asking_for_tasks_or_for_a_session_wakes_who_has_them(tmp_path: Path) -> None:
    for name, what in (
        ("builds", 'contributes.task_definitions = [{ type = "make" }]'),
        ("login", 'contributes.authentication = [{ id = "acme", label = "A" }]'),
    ):
        extension(tmp_path / "many", name, what, extension=WOKEN)
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        with ada.entered("other.one"):
            assert [task.name for task in await vscode.tasks.fetch_tasks({"type": "make"})] == ["all"]
        assert set(ada.get(Extensions).exports) == {"acme.builds"}
        with ben.entered("other.one"):
            accounts = await vscode.authentication.get_accounts("acme")
        assert [one.label for one in accounts] == ["me"]
        assert set(ben.get(Extensions).exports) == {"acme.login"}


async def test_defaults_of_another_extensions_setting_can_be_contributed(tmp_path: Path) -> None:
    own = '[contributes.configuration.properties."hello.size"]\ntype = "integer"\ndefault = 1'
    extension(tmp_path / "many", "hello", own, extension="def activate(_): ...")
    other = '[contributes.configuration_defaults]\n"hello.size" = 2'
    extension(tmp_path / "many", "other", other, extension="def activate(_): ...")
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        assert (await sessions.open("ada")).settings.get("hello.size") == 2


async def test_defaults_for_languages_can_be_contributed_by_several_extensions(tmp_path: Path) -> None:
    own = """
[contributes.configuration.properties."hello.size"]
type = "integer"
default = 1
scope = "language-overridable"
[contributes.configuration_defaults."[markdown][rust]"]
"hello.size" = 2
"hello.other" = 3
"""
    extension(tmp_path / "many", "hello", own, extension="def activate(_): ...")
    other = '[contributes.configuration_defaults."[markdown][rust]"]\n"hello.size" = 4'
    extension(tmp_path / "many", "other", other, extension="def activate(_): ...")
    async with people(tmp_path, loads(tmp_path / "many")) as sessions:
        settings = (await sessions.open("ada")).settings
        found = [settings.get("hello.size", language=one) for one in (None, "markdown", "rust", "python")]
        assert found == [1, 4, 4, 1]
        assert settings.get("hello.other", language="rust") == 3
        assert settings.languages("hello.size") == ["markdown", "rust"]
        assert settings.inspect("hello.size", language="rust") == {
            "key": "hello.size", "default_value": 1, "default_language_value": 4
        }  # fmt: skip


@pytest.mark.parametrize("said", ['"[rust]" = 1', '"[rust]" = {size = 1}', '"[]" = {}', '"size" = 1'])
async def test_defaults_that_are_no_settings_are_refused_by_name(tmp_path: Path, said: str) -> None:
    extension(tmp_path / "many", "hello", f"[contributes.configuration_defaults]\n{said}", extension="")
    loader = loads(tmp_path / "many")
    async with people(tmp_path, loader):
        (problem,) = loader.problems
        assert "contributes.configuration_defaults" in problem


async def test_a_pack_whose_members_are_missing_is_told_and_works(tmp_path: Path) -> None:
    loader = loads(counter(tmp_path, more='extension_pack = ["acme.none"]'))
    async with people(tmp_path, loader) as sessions:
        assert await run(await sessions.open("ada"), "counter.increase") == 1
        assert loader.problems == [
            f"{tmp_path}/counter/extension.toml: extension_pack: acme.none not installed; add them"
        ]
