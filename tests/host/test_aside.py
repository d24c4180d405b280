"""Code that may never end runs in a thread that holds up neither the loop nor the end of the process."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from host.aside import aside
from sessions.current import get_current_user_id, with_user
from shim.thenable import Unbound

pytestmark = pytest.mark.anyio


async def test_the_result_comes_back_and_the_user_goes_along() -> None:
    with with_user("ada"):
        assert await aside(get_current_user_id, "who") == "ada"


async def test_it_runs_in_a_thread_of_its_own() -> None:
    thread = await aside(threading.current_thread, "load acme")
    assert thread is not threading.current_thread()
    assert (thread.name, thread.daemon) == ("load acme", True)


async def test_what_it_raises_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0, "divide")


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, StopIteration, GeneratorExit, asyncio.CancelledError])
async def test_what_would_end_the_loop_is_an_error_like_any_other(kind: type[BaseException]) -> None:
    def leave() -> None:
        raise kind("bye")

    with pytest.raises(Unbound, match=f"it raised {kind.__name__}"):
        await aside(leave, "leave")


async def test_who_left_gets_no_warning_of_what_came_after() -> None:
    go = threading.Event()

    def fail() -> None:
        go.wait(20)
        raise ValueError("too late")

    working = aside(fail, "fail")
    working.cancel()
    go.set()
    other = aside(lambda: 1 // 0, "divide")
    await asyncio.wait({other})
    del working, other
    gc.collect()


def test_a_thread_that_never_ends_does_not_keep_the_process() -> None:
    program = """if True:
        import asyncio, threading
        from host.aside import aside

        async def main():
            aside(threading.Event().wait, "never")

        asyncio.run(main())
        print("ended")
    """
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", program], cwd=root, timeout=30, check=True, capture_output=True)
    assert (said.stdout, said.stderr) == (b"ended\n", b"")
