"""What one user fills or uses up is theirs alone: shared memory, processors, the room that a single file may take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.limits import Limits
from sessions.procfs import autogroups
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, output, read_until, sandbox, type_in

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


async def test_shared_memory_that_one_user_filled_is_empty_for_another(data: Path) -> None:
    async with sandbox(data, "alice") as alice, sandbox(data, "bob") as bob:
        assert "No space left" in await output(alice, "head -c 100000000 /dev/zero 2>&1 >/dev/shm/fill | tail -1")
        assert int(await output(alice, "stat -c %s /dev/shm/fill")) <= 64 << 20
        assert await output(bob, "head -c 1000000 /dev/zero >/dev/shm/mine && stat -c %s /dev/shm/mine") == "1000000"
        assert await output(alice, "rm /dev/shm/fill && echo x >/dev/shm/again && echo works") == "works"


async def test_a_file_that_is_never_to_end_does(data: Path) -> None:
    async with sandbox(data, limits=Limits(file_bytes=3 << 20)) as alice:
        for name in ("/workspace/fill", "/tmp/fill", "$HOME/fill"):
            assert await output(alice, f"exec 2>/dev/null; cat /dev/zero >{name}; stat -c %s {name}") == str(3 << 20)


@pytest.mark.skipif(not autogroups(), reason="this kernel shares the processor by nice alone")
async def test_who_sets_their_sessions_before_others_or_begins_new_ones_is_put_behind_again(data: Path) -> None:
    wait = "until grep -q 'nice 15' /proc/self/autogroup; do sleep 0.05; done"
    async with sandbox(data) as alice:
        assert await output(alice, f"{wait}; echo behind") == "behind"
        told = "cut -d' ' -f3 /proc/self/autogroup"
        set_ = "until echo 0 >/proc/self/autogroup; do sleep 0.05; done 2>/dev/null"
        assert await output(alice, f"{wait}; {set_}; {told}; {wait}; echo behind") == "0\nbehind"
        new = f"{told}; {wait.replace('15', '10')}; echo behind"
        assert await output(alice, f'{wait}; setsid -w sh -c "{new}"') == "0\nbehind", "as far as a terminal"


@pytest.mark.skipif(not autogroups(), reason="this kernel shares the processor by nice alone")
async def test_a_terminal_stands_before_commands_on_pipes_of_the_same_user(data: Path) -> None:
    async with sandbox(data) as alice:
        terminal = await alice.open_terminal(["bash", "--norc", "--noprofile", "-i"])
        await read_until(terminal, "$ ")
        type_in(terminal, "until grep 'nice 10' /proc/self/autogroup; do sleep 0.05; done\n")
        await read_until(terminal, " nice 10\r\n")
        terminal.close()
        assert await output(alice, "until grep 'nice 15' /proc/self/autogroup; do sleep 0.05; done")


async def test_a_loop_that_burns_all_processors_leaves_time_for_others(data: Path) -> None:
    async with sandbox(data, "alice") as alice, sandbox(data, "bob") as bob:
        burners = [await alice.start(["sh", "-c", "while :; do :; done"]) for _ in range(8)]
        assert await output(alice, "nice") == "10"
        terminal = await bob.open_terminal(["bash", "--norc", "--noprofile", "-i"])
        await read_until(terminal, "$ ")
        for number in range(5):
            type_in(terminal, f"echo n$(({number}+0))n\n")
            await read_until(terminal, f"n{number}n")
        for burner in burners:
            await burner.kill()
            burner.close()
        terminal.close()
