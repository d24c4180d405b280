"""Who fills the disk is stopped at about what they may have, and it costs nobody else anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sessions.levels import WEAKER
from sessions.quotas import Allowance, Overdraft, Quotas
from tests.sessions.sandboxes import (
    HAS_BUBBLEWRAP,
    IS_ROOT,
    NO_BUBBLEWRAP,
    ended,
    folder,
    output,
    read_until,
    sandbox,
    type_in,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

MAY = 20 << 20
SHELL = ["bash", "--norc", "--noprofile", "-i"]
WRITER = "import time\nwhile True: open('/workspace/fill', 'ab').write(b'x' * 2_000_000); time.sleep(0.02)"
MANY = "for ((i = 0; i < 300; i++)); do head -c 2000000 /dev/zero >fill$i; sleep 0.02; done"


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


def counted(data: Path, limits: Quotas) -> Callable[[], Overdraft | None]:
    """What the host asks: how much of that is too much, by the files of alice's that there are."""

    def measure() -> tuple[int, int]:
        found = [path for path in (data / "users/alice/root").rglob("*") if path.is_file()]
        return sum(path.stat().st_size for path in found if path.exists()), len(found)

    return Allowance(limits, measure).overdraft


async def test_one_who_fills_the_disk_is_killed_and_the_shell_goes_on(data: Path) -> None:
    told: list[str] = []
    async with sandbox(data, ended=told.append, disk=counted(data, Quotas(bytes=MAY))) as alice:
        terminal = await alice.open_terminal(SHELL)
        await read_until(terminal, "$ ")
        finished = await alice.run(["/usr/bin/python3", "-c", WRITER], timeout=50)
        assert (finished.exit_code, finished.timed_out) == (137, False)
        type_in(terminal, "rm fill*; echo ro''om >note; cat note\n")
        await read_until(terminal, "room")
        assert told == []
        terminal.close()


async def test_many_that_each_write_a_little_end_with_their_sandbox_and_a_sentence(data: Path) -> None:
    told: list[str] = []
    async with sandbox(data, ended=told.append, disk=counted(data, Quotas(bytes=MAY))) as alice:
        terminal = await alice.open_terminal(SHELL)
        await read_until(terminal, "$ ")
        type_in(terminal, f"while :; do {MANY}; done\n")
        await until(lambda: told, 50)
        assert await ended(terminal) is None
        terminal.close()
        assert "it filled the disk" in told[0]
        assert "bytes" in told[0]
        assert await output(alice, "rm fill*; echo room >note; cat note") == "room"


async def test_too_many_files_are_no_better(data: Path) -> None:
    told: list[str] = []
    script = "import itertools\nfor n in itertools.count(): open(f'/workspace/{n}', 'w').close()"
    async with sandbox(data, ended=told.append, disk=counted(data, Quotas(files=500))) as alice:
        await alice.run(["/usr/bin/python3", "-c", script], timeout=50)
        await until(lambda: told)
        assert "files" in told[0]


async def test_who_had_too_much_already_may_work_and_delete(data: Path) -> None:
    told: list[str] = []
    async with sandbox(data, ended=told.append) as alice:
        await output(alice, "head -c 30000000 /dev/zero >fill")
    burn = "import time\nuntil = time.process_time() + 3\nwhile time.process_time() < until: pass"
    async with sandbox(data, ended=told.append, disk=counted(data, Quotas(bytes=MAY))) as alice:
        finished = await alice.run(["/usr/bin/python3", "-c", f"{burn}\nopen('/workspace/a', 'w').write('x' * 1000)"])
        assert finished.exit_code == 0
        assert await output(alice, "rm fill; echo room >note; cat note") == "room"
    assert told == []


@pytest.mark.skipif(not IS_ROOT, reason="the other level needs a host that runs as root")
async def test_it_is_the_same_without_namespaces(data: Path) -> None:
    writer = WRITER.replace("/workspace/", "")
    async with sandbox(data, level=WEAKER, disk=counted(data, Quotas(bytes=MAY))) as alice:
        finished = await alice.run(["/usr/bin/python3", "-c", writer], timeout=50)
        assert (finished.exit_code, finished.timed_out) == (137, False)
        assert await output(alice, "rm fill; echo works") == "works"


async def test_a_loop_that_burns_all_processors_leaves_time_for_others(data: Path) -> None:
    async with sandbox(data, "alice") as alice, sandbox(data, "bob") as bob:
        burners = [await alice.start(["sh", "-c", "while :; do :; done"]) for _ in range(8)]
        assert await output(bob, "nice") == await output(alice, "nice") == "10"
        terminal = await bob.open_terminal(SHELL)
        await read_until(terminal, "$ ")
        for number in range(5):
            type_in(terminal, f"echo n$(({number}+0))n\n")
            await read_until(terminal, f"n{number}n")
        for burner in burners:
            await burner.kill()
            burner.close()
        terminal.close()
