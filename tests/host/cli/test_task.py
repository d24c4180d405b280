"""`roost task`: one task in this folder, by the real command, with the scripted model and no host."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host.cli.task import STARTS_S, _data
from host.demo.script import repository
from host.folder import holding
from tests.client import ROOT

FIX = "Fix the failing test of the demo"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The demo's shop, with its failing test."""
    for path, text in repository().items():
        (tmp_path / "shop" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / path).write_text(text)
    return tmp_path / "shop"


def environ(folder: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ROOST_", "MULTI_USER"))}
    return {**clean, "ROOST_DATA": str(folder / "data"), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def task(shop: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(shop, "--model", "demo/scripted", *arguments)


def command(shop: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "host", "task", *arguments],
        cwd=shop,
        env=environ(shop.parent),
        capture_output=True,
        text=True,
        timeout=55,
        input=said,
    )


def is_mended(shop: Path) -> bool:
    return "quantity >= MANY" in (shop / "demo/basket.py").read_text()


def test_a_task_that_may_do_all_is_done_and_exits_with_0(shop: Path) -> None:
    done = task(shop, FIX, "--yes", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_mended(shop)
    assert "✓ apply_diff demo/basket.py" in done.stdout
    assert "completed" in done.stdout
    assert list((shop.parent / "data-tasks").iterdir()) == []


def test_where_nobody_can_be_asked_it_stops_with_3_and_says_what_for(shop: Path) -> None:
    done = task(shop, FIX)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "it asks for leave: python3 -m" in done.stderr
    assert not is_mended(shop)


def test_events_are_lines_of_json(shop: Path) -> None:
    done = task(shop, FIX, "--yes", "all", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["type"] for event in events} >= {"coder.task", "coder.message", "coder.delta"}
    assert [event["status"] for event in events if event["type"] == "coder.task"][-1] == "completed"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (("--mode", "nobody"), "mode: there is no mode 'nobody'; there are "),
        (("--model", "nobody/x"), "model: there is no model 'nobody/x'; there are demo/scripted"),
    ],
)
def test_a_wish_that_nobody_has_is_one_line_and_exit_code_2(shop: Path, wish: tuple[str, str], said: str) -> None:
    done = task(shop, FIX, *wish)
    assert done.returncode == 2
    log = " are looked at every "  # of a kernel that gives no more instances of inotify
    (line,) = [line for line in done.stderr.splitlines() if log not in line]
    assert line.startswith(f"roost: {said}")
    assert "Traceback" not in done.stderr


def test_without_a_key_no_script_is_played_for_an_answer(shop: Path) -> None:
    done = command(shop, "What is this?")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "roost: there is no language model: no provider has a key, or none answers: name one in --config" in done.stderr
    )
    wrong = command(shop, "What is this?", "--model", "none/such")
    assert wrong.returncode == 2 and "there is no model 'none/such'; there are demo/scripted" in wrong.stderr


def test_a_dash_takes_the_message_from_the_standard_input(shop: Path) -> None:
    done = command(shop, "-", "--yes", "all", "--model", "demo/scripted", said=f"{FIX}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_mended(shop)
    empty = command(shop, "-", "--model", "demo/scripted", said=" \n")
    assert empty.returncode == 2 and "MESSAGE: it is empty" in empty.stderr


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, shop: Path, *arguments: str) -> None:
        self._fd, theirs = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "host", "task", "--model", "demo/scripted", *arguments],
            cwd=shop, env=environ(shop.parent), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.said = ""

    def until(self, text: str, seconds: float = 40.0) -> None:
        """Read until it has said something new with this in it, and forget that."""
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            if select.select([self._fd], [], [], 0.2)[0]:
                try:
                    self.said += os.read(self._fd, 65536).decode(errors="replace")
                except OSError:
                    assert text in self.said, self.said
        self.said = self.said.partition(text)[2]

    def type(self, line: str) -> None:
        os.write(self._fd, f"{line}\n".encode())

    def end(self) -> int:
        try:
            while os.read(self._fd, 65536):
                pass
        except OSError:
            pass
        os.close(self._fd)
        return self.process.wait(20)


def test_it_asks_in_the_terminal_and_shows_the_diff(shop: Path) -> None:
    terminal = Terminal(shop, FIX)
    terminal.until("asks: python3 -m")
    terminal.type("y\n" * 8)
    terminal.until("+    if quantity >= MANY:")
    terminal.until("completed")
    assert terminal.end() == 0
    assert is_mended(shop)


def test_ctrl_c_aborts_it_with_1(shop: Path) -> None:
    terminal = Terminal(shop, FIX)
    terminal.until("say why not: ")
    os.killpg(terminal.process.pid, 2)
    assert terminal.end() == 1
    assert not is_mended(shop)


def test_what_a_killed_run_left_is_removed_by_the_next_and_what_another_holds_stays(tmp_path: Path) -> None:
    place = tmp_path / "data-tasks"
    for name in ("killed", "held", "young"):
        (place / name / "users").mkdir(parents=True)
        (place / name / "lock").touch()
    with holding(place / "held"):
        for name in ("killed", "held"):
            os.utime(place / name, (time.time() - 2 * STARTS_S,) * 2)
        with _data(tmp_path / "data") as made:
            assert {one.name for one in place.iterdir()} == {"held", "young", made.name}
    assert not made.exists()
