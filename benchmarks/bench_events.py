"""Events to the right user: an extension posts for 1 and for 100 users at once, each hears theirs alone.

The floor is a bare Starlette that sends the same JSON to as many sockets when it is asked to.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import people, servers
from benchmarks.figures import Row, figure, paired, percentile
from benchmarks.servers import ECHO

FLOOR = ECHO.replace(
    'answer = {"jsonrpc": "2.0", "id": message["id"], "result": message["params"]}',
    """count, word = message["params"]["arguments"]
            for number in range(count):
                event = {"seq": number, "type": "bench.told", "data": {"number": number + 1, "word": word}}
                text = orjson.dumps({"jsonrpc": "2.0", "method": "event", "params": event, "uid": message["uid"]})
                await socket.send_text(text.decode())
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": count, "uid": message["uid"]}""",
)
AT_ONCE = 500
"""Events in a burst; a mailbox keeps many more than that."""


class Ear:
    """What a user heard, and whether it was all theirs, in order and once."""

    def __init__(self, person: people.Person) -> None:
        self.person = person
        self.word = f"canary-{person.uid}"
        self.heard = self.wrong = 0
        self.sent_at = 0.0
        self.waits: list[float] = []
        self.done = asyncio.Event()
        self.goal = 0
        person.hear = self.hear

    def hear(self, message: dict[str, Any]) -> None:
        event = message["params"]
        if event.get("type") != "bench.told":
            return
        self.heard += 1
        data = event["data"]
        self.wrong += data["word"] != self.word
        self.waits.append(time.perf_counter() - self.sent_at)
        if self.heard >= self.goal:
            self.done.set()

    async def ask(self, command: str, count: int) -> None:
        """Have so many events posted, and wait until all are here."""
        self.goal = self.heard + count
        self.done.clear()
        self.sent_at = time.perf_counter()
        await self.person.call("commands.executeCommand", command=command, arguments=[count, self.word])
        async with asyncio.timeout(60):
            await self.done.wait()


async def _rate(ears: list[Ear], command: str, count: int) -> float:
    """Events a second that were heard, all users together."""
    began = time.perf_counter()
    await asyncio.gather(*(ear.ask(command, count) for ear in ears))
    return len(ears) * count / (time.perf_counter() - began)


async def _measure(floor: int, host: int, rounds: int) -> list[Row]:
    rows = []
    for users, count in ((1, AT_ONCE), (100, 50)):
        uids = [f"user{number}" for number in range(users)]
        ours = [Ear(person) for person in await people.arrive_all(host, uids)]
        bare = [Ear(await people.arrive(floor, uid, hello=False)) for uid in uids]
        await asyncio.gather(*(ear.ask("bench.tell", 1) for ear in ours))  # activates it
        pairs = [(await _rate(ours, "bench.burst", count), await _rate(bare, "", count)) for _ in range(rounds)]
        each = [await _rate(ours, "bench.tell", count) for _ in range(rounds)]
        rows.append(paired(f"events in bursts, {users} users", "events/s", pairs))
        rows.append(figure(f"events awaited one by one, {users} users", "events/s", each))
        rows.append(figure(f"events that went astray or came twice, {users} users", "", _astray(ours, rounds, count)))
        await people.leave([ear.person for ear in (*ours, *bare)])
    ear = Ear(await people.arrive(host, "alone"))
    await ear.ask("bench.tell", 1)
    ear.waits.clear()
    for _ in range(200):
        await ear.ask("bench.tell", 1)
    rows.append(figure("command to its event, p50", "ms", 1e3 * percentile(ear.waits, 0.5)))
    rows.append(figure("command to its event, p99", "ms", 1e3 * percentile(ear.waits, 0.99)))
    return rows


def _astray(ears: list[Ear], rounds: int, count: int) -> float:
    """Events of somebody else, and those that are missing or too many."""
    expected = 1 + 2 * rounds * count
    return sum(ear.wrong + ear.person.foreign + abs(ear.heard - expected) for ear in ears)


def run(quick: bool) -> list[Row]:
    """Rounds of floor and host in turn."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        environ = people.extension(Path(folder))
        with (
            servers.floor(FLOOR) as floor,
            servers.host(**environ) as host,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(_measure(floor.port, host.port, 5 if quick else 15))
