"""What a user costs at a peer, taken of one whose costs are known; peers that cannot be installed are named."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from benchmarks import numbers, report, servers
from benchmarks.figures import Row, figure
from benchmarks.peers import ALL, FIRST, IDLE, ONE, READY, SHELL, START, installing, place, taking
from benchmarks.peers import __main__ as command
from benchmarks.peers.place import Missing, Opening, Peer

pytestmark = pytest.mark.anyio

ARRIVES_S, OPENS_S = 0.1, 0.02

FAKE = """
import http.server, subprocess, sys, time
held, children = [], []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/arrive":
            time.sleep(%f)
            held.append(b"x" * (40 << 20))
        elif self.path == "/terminal":
            time.sleep(%f)
            program = "import os, sys; held = os.urandom(3 << 20); print(flush=True); sys.stdin.read()"
            child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            child.stdout.readline()
            children.append(child)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *rest):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""A server that holds 40 MiB a user, and starts a process of 3 MiB and an interpreter for each terminal."""


class Fake:
    def __init__(self, pids: Callable[[], list[int]], http: httpx2.AsyncClient) -> None:
        self.pids = pids
        self.http = http
        self.ways: dict[str, Opening] = {FIRST: self.terminal, "another way": self.arrive}

    async def arrive(self, user: str) -> None:
        (await self.http.get("/arrive")).raise_for_status()

    async def terminal(self, user: str) -> None:
        (await self.http.get("/terminal")).raise_for_status()


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Fake]:
    port = place.free_port()
    program = [sys.executable, "-c", FAKE % (ARRIVES_S, OPENS_S), str(port)]
    with place.started(program, folder / "home") as process:
        async with place.client(f"http://127.0.0.1:{port}") as http:
            await place.answers(http, "/", process)
            yield Fake(lambda: servers.below(process.pid), http)


def peer(bring: Callable[[Path], str] = lambda folder: "1.2.3") -> Peer:
    return Peer("fake", "pip install fake", "a server for all", bring, running)


async def test_a_user_costs_what_they_wait_and_what_all_processes_hold_more_for_them(tmp_path: Path) -> None:
    rows = {row["what"]: row for row in await taking.take(peer(), tmp_path, users=4, settled_s=0, rest_s=0)}
    assert list(rows) == [
        START, READY, ONE, ALL.format(4), IDLE, FIRST, SHELL, "another way"
    ]  # fmt: skip
    assert rows[READY]["spread"][0] >= 1e3 * ARRIVES_S
    assert rows[START]["ours"] >= rows[READY]["spread"][0]
    assert rows[FIRST]["spread"][0] >= 1e3 * OPENS_S
    assert rows[IDLE]["ours"] == pytest.approx(40 * 1024, rel=0.1)
    assert rows[ALL.format(4)]["ours"] - rows[ONE]["ours"] == pytest.approx(120, rel=0.1)
    assert rows[SHELL]["ours"] >= (40 + 3) * 1024


async def test_where_a_few_hold_too_little_to_tell_a_crowd_says_what_one_holds(tmp_path: Path) -> None:
    crowded = replace(peer(), crowd=2)
    rows = {row["what"]: row for row in await taking.take(crowded, tmp_path, users=2, settled_s=0, rest_s=0)}
    assert rows[IDLE]["ours"] == pytest.approx(40 * 1024, rel=0.1)
    assert rows[ALL.format(2)]["ours"] - rows[ONE]["ours"] == pytest.approx(40, rel=0.1)
    assert (40 + 3) * 1024 <= rows[SHELL]["ours"] <= 70 * 1024


STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
open("up", "w").close()
exec(sys.argv[1])
"""


def test_nothing_is_left_of_a_peer_and_of_what_it_started_however_they_hold_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "ENDS_S", 0.2)
    with place.started([sys.executable, "-c", PARENT, STUBBORN], tmp_path) as process:
        while not (tmp_path / "work/up").exists():
            time.sleep(0.01)
        handles = [os.pidfd_open(pid) for pid in servers.below(process.pid)]
    ended = [bool(select.select([handle], [], [], 10)[0]) for handle in handles]
    for handle in handles:
        os.close(handle)
    assert ended == [True, True]


async def test_a_peer_that_ends_as_it_is_started_is_missing_and_not_waited_for(tmp_path: Path) -> None:
    with (
        place.started([sys.executable, "-c", "raise SystemExit(3)"], tmp_path) as process,
        pytest.raises(Missing, match="ended with 3"),
    ):
        async with place.client(f"http://127.0.0.1:{place.free_port()}") as http:
            await place.answers(http, "/", process)


async def test_a_terminal_without_a_prompt_is_missing_and_says_what_it_showed() -> None:
    async def output(*parts: str) -> AsyncIterator[str]:
        for part in parts:
            yield part

    await place.prompt(output("ada@host:/", "workspace", "$", " "))
    with pytest.raises(Missing, match="bash: not found"):
        await place.prompt(output("bash: not found"))


def test_a_peer_that_cannot_be_installed_is_named_with_the_reason_and_what_one_would_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> str:
        complaint = "import sys; sys.exit('no fake 9 at\\nhttps://registry.test/fake?token=secret to be had')"
        return installing.run([sys.executable, "-c", complaint])

    async def taken(peer: Peer, folder: Path) -> list[Row]:
        return [figure(READY, "ms", [1500.0, 1000.0, 2000.0]), figure(IDLE, "KiB", 71 * 1024)]

    run = report.begun()
    run["benchmarks"]["gone"] = command.measured(replace(peer(refused), name="gone"), tmp_path)
    assert (run["benchmarks"]["gone"]["rows"], run["benchmarks"]["gone"]["missing"]) == (
        [],
        "no fake 9 at ... to be had",
    )
    monkeypatch.setattr(taking, "take", taken)
    run["benchmarks"]["fake"] = command.measured(peer(), tmp_path)
    run["benchmarks"]["other"] = run["benchmarks"]["fake"] | {"version": "9", "rows": [figure(READY, "ms", 7)]}
    page = numbers.peers(run).splitlines()
    assert page[2:6] == [
        "| | fake 1.2.3 | other 9 |",
        "| --- | --- | --- |",
        f"| {READY} | 1,500 ms (1,000 to 2,000) | 7 ms |",
        f"| {IDLE} | 71 MiB | – |",
    ]
    assert "- **gone** could not be measured: no fake 9 at ... to be had. It wants `pip install fake`." in page
    assert any(line.startswith("- **fake 1.2.3** (`pip install fake`)") for line in page)


def test_readme_says_what_one_more_user_costs_at_the_peers_and_here_and_only_where_both_were_taken() -> None:
    def one(version: str, held: float, ready: float) -> dict[str, object]:
        return {"version": version, "rows": [figure(IDLE, "KiB", held), figure(READY, "ms", ready)]}

    taken = {"Roost": one("1", 40, 6), "A": one("2", 102_400, 500), "B": one("3", 204_800, 20), "C": {"rows": []}}
    said = numbers.beside({"benchmarks": taken})
    assert "At A 2, B 3, which give" in said
    assert "holds 100 MiB to 200 MiB before they do anything and can work after 20 ms to 500 ms" in said
    assert "here 40 KiB and 6 ms." in said
    assert "holds 100 MiB before" in numbers.beside({"benchmarks": {who: taken[who] for who in ("Roost", "A")}})
    for who in ("Roost", "A"):
        assert numbers.beside({"benchmarks": {who: taken[who]}}) == ""


def test_a_peer_that_breaks_is_named_and_the_others_are_measured_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def taken(peer: Peer, folder: Path) -> list[Row]:
        if peer.name == "broken":
            raise OSError("no room")
        return [figure(READY, "ms", 7)]

    monkeypatch.setattr(taking, "take", taken)
    monkeypatch.setattr(command, "PEERS", [replace(peer(), name="broken"), peer()])
    monkeypatch.setattr(sys, "argv", ["peers", "--folder", str(tmp_path)])
    assert command.main() == 1
    page = capsys.readouterr().out
    assert "| a further user, until they can work | 7 ms |" in page
    assert "- **broken** could not be measured: it broke: OSError('no room'). It wants" in page


def test_one_that_is_taken_anew_leaves_the_others_as_they_were_and_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken(peer: Peer, folder: Path) -> list[Row]:
        return [figure(READY, "ms", next(ms))]

    ms = iter([1, 2, 3])
    monkeypatch.setattr(taking, "take", taken)
    monkeypatch.setattr(command, "PEERS", [replace(peer(), name="first"), replace(peer(), name="second")])
    monkeypatch.setattr(numbers, "PEERS", tmp_path / "peers.json")
    monkeypatch.setattr(numbers, "write", lambda: None)
    for name in ("second", "first", "second"):
        monkeypatch.setattr(sys, "argv", ["peers", name, "--folder", str(tmp_path), "--keep"])
        assert command.main() == 0
    kept = report.load(numbers.PEERS)["benchmarks"]
    assert [(name, one["rows"][0]["ours"]) for name, one in kept.items()] == [("first", 2), ("second", 3)]


def test_every_peer_has_a_name_of_its_own_and_says_how_it_is_taken() -> None:
    names = [one.name for one in command.PEERS]
    assert len(set(names)) == len(names)
    assert [one.name for one in command.PEERS if not (one.how and one.install)] == []


def test_a_peer_that_there_is_not_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peers", "jupiter"])
    with pytest.raises(SystemExit) as ended:
        command.arguments()
    assert ended.value.code == 2
    assert "no peer is called jupiter; there are roost, jupyterhub" in capsys.readouterr().err
