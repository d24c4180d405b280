"""What a command asks its host while it runs: it is answered, nobody else is, and the answer stands nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sessions.answers import AT_ONCE, QUESTION_BYTES
from sessions.levels import OFF
from sessions.sandbox import Sandbox
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, sandbox, until

pytestmark = pytest.mark.anyio

ASK = """
import os, socket, sys

def ask(question, path=os.environ.get("ROOST_ASK")):
    with socket.socket(socket.AF_UNIX) as host:
        host.connect(path)
        host.sendall(question)
        host.shutdown(socket.SHUT_WR)
        said = b""
        while piece := host.recv(65536):
            said += piece
    return said.decode()
"""


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(params=["isolated", "off"])
async def ada(request: pytest.FixtureRequest, data: Path) -> AsyncIterator[Sandbox]:
    """Somebody at each level that has sockets with a name: Landlock's has no network, which would want a password."""
    if request.param == "isolated" and not HAS_BUBBLEWRAP:
        pytest.skip(NO_BUBBLEWRAP)
    off = sandbox(data, level=OFF, network="host", os_uid=None)
    async with off if request.param == "off" else sandbox(data) as made:
        yield made


async def test_a_command_and_its_children_are_answered_each_what_they_asked(ada: Sandbox) -> None:
    script = ASK + "import subprocess\nprint(ask(b'one'), flush=True)\nif len(sys.argv) < 3:\n"
    script += "    subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[1], 'child'])"
    asked: list[bytes] = []

    def answer(question: bytes) -> bytes:
        asked.append(question)
        return question + b" of %d" % len(asked)

    finished = await ada.run(["python3", "-c", script, script], timeout=30, answer=answer)
    assert finished.output == b"one of 1\none of 2\n"
    assert asked == [b"one", b"one"]


async def test_what_else_the_user_runs_is_not_answered_although_it_knows_the_place(ada: Sandbox) -> None:
    meanwhile = asyncio.Event()
    asked: list[bytes] = []
    place: list[bytes] = []

    def answer(question: bytes) -> bytes:
        asked.append(question)
        return b"secret"

    def said(piece: bytes) -> None:
        place.append(piece.strip())
        meanwhile.set()

    waits = 'echo "$ROOST_ASK"; until [ -e over ]; do sleep 0.05; done'
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ada.run(["sh", "-c", waits], timeout=30, on_output=said, answer=answer))
        await meanwhile.wait()
        script = ASK + "try: print(ask(b'mine', sys.argv[1]) or 'nothing')\nexcept OSError: print('nothing')"
        other = ["python3", "-c", script, place[0].decode()]
        try:
            finished = await ada.run(other, timeout=30)
        finally:
            await ada.run(["touch", "over"])
        assert (await running).exit_code == 0
    assert finished.output == b"nothing\n"
    assert asked == []


async def test_after_the_command_its_place_is_gone_and_nobody_answers_what_it_left_running(ada: Sandbox) -> None:
    line = (
        ASK + "import time\nwhile os.path.exists(os.environ['ROOST_ASK']): time.sleep(0.01)\nopen('left', 'w').close()"
    )
    finished = await ada.run(
        ["sh", "-c", 'python3 -c "$1" >/dev/null 2>&1 & echo up', "sh", line], timeout=30, answer=lambda _: b"x"
    )
    assert finished.output == b"up\n"
    await until((ada.world.folders["/workspace"] / "left").exists)
    assert not list(ada.world.run.glob("*.ask"))


async def test_one_who_asks_too_much_or_too_many_at_once_harms_nobody(ada: Sandbox) -> None:
    script = (
        ASK
        + f"""
held = [socket.socket(socket.AF_UNIX) for _ in range({AT_ONCE - 1})]
for one in held:
    one.connect(os.environ["ROOST_ASK"])
try:
    print("too much:", repr(ask(b"x" * {QUESTION_BYTES + 1})))
except (BrokenPipeError, ConnectionResetError) as error:
    print("too much: ''")
print(ask(b"y" * {QUESTION_BYTES}))
"""
    )
    finished = await ada.run(["python3", "-c", script], timeout=30, answer=lambda question: b"%d" % len(question))
    assert finished.output.decode() == f"too much: ''\n{QUESTION_BYTES}\n"
