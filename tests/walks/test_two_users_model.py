"""Two users of one host do what they like, to each other too: each sees what a plain model says, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.client import Client, Process, Refused, connect
from tests.tokens import bearer

T = TypeVar("T")
NUMBERS = itertools.count(1)
SCRIPT = {"rules": [{"text": "It is done."}]}

users = st.integers(0, 1)
names = st.sampled_from(["a", "b.txt", "ü c", "..d", "%2e%2e"])
values = st.sampled_from(["", "x", "line\nline", "€" * 50])


@dataclass
class Person:
    """One user: their socket, and what the model says they have."""

    uid: str
    client: Client
    web: httpx2.AsyncClient
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    """In everything that they store: nobody else may ever be sent it."""
    files: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    language: str = ""
    tasks: set[str] = field(default_factory=set)
    seen: int = 0


class TwoUsers(RuleBasedStateMachine):
    """`people[who]` acts; `people[1 - who]` is the other."""

    base: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.people: list[Person] = []

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def refused(self, work: Coroutine[Any, Any, Any]) -> Refused:
        with pytest.raises(Refused) as caught:
            self.wait(work)
        return caught.value

    @initialize()
    def come(self) -> None:
        for name in ("ann", "ben"):
            self.people.append(self.wait(self.arrive(f"{name}{next(NUMBERS)}")))

    async def arrive(self, uid: str) -> Person:
        client = await self.stack.enter_async_context(connect(self.base, uid, "", additional_headers=bearer(uid)))
        web = httpx2.AsyncClient(base_url=self.base, headers=bearer(uid), timeout=30)
        await self.stack.enter_async_context(web)
        await client.call("session.open")
        await client.call("workspace.updateConfiguration", key="demo.script", value=SCRIPT, target="global")
        return Person(uid, client, web)

    def teardown(self) -> None:
        self.wait(self.stack.aclose())
        self.runner.close()

    # -- what each has

    @rule(who=users, name=names, value=values)
    def write(self, who: int, name: str, value: str) -> None:
        me = self.people[who]
        me.files[name] = me.mark + value
        self.wait(me.client.call("workspace.fs.writeFile", uri=f"/workspace/{name}", content=me.files[name]))

    @rule(who=users, name=names)
    def read(self, who: int, name: str) -> None:
        me = self.people[who]
        asked = me.client.call("workspace.fs.readFile", uri=f"/workspace/{name}")
        if name in me.files:
            assert self.wait(asked)["content"] == me.files[name]
        else:
            assert self.refused(asked).data["code"] == "FileNotFound"

    @rule(who=users, name=names)
    def delete(self, who: int, name: str) -> None:
        me = self.people[who]
        asked = me.client.call("workspace.fs.delete", uri=f"/workspace/{name}")
        if me.files.pop(name, None) is not None:
            self.wait(asked)
        else:
            assert self.refused(asked).data["code"] == "FileNotFound"

    @rule(who=users, source=names, place=names, how=st.sampled_from(["rename", "copy"]))
    def move(self, who: int, source: str, place: str, how: str) -> None:
        me = self.people[who]
        if source == place:
            return
        places = {"source": f"/workspace/{source}", "target": f"/workspace/{place}"}
        asked = me.client.call(f"workspace.fs.{how}", **places)
        if source not in me.files:
            assert self.refused(asked).data["code"] == "FileNotFound"
        elif place in me.files:
            assert self.refused(asked).data["code"] == "FileExists"
        else:
            self.wait(asked)
            me.files[place] = me.files[source] if how == "copy" else me.files.pop(source)

    @rule(who=users, key=names, value=values)
    def remember(self, who: int, key: str, value: str) -> None:
        me = self.people[who]
        me.state[key] = {"kept": me.mark + value}
        self.wait(me.client.call("state.update", scope="global", key=key, value=me.state[key]))

    @rule(who=users, key=names)
    def forget(self, who: int, key: str) -> None:
        me = self.people[who]
        me.state.pop(key, None)
        self.wait(me.client.call("state.update", scope="global", key=key))

    @rule(who=users, key=names)
    def hide(self, who: int, key: str) -> None:
        me = self.people[who]
        me.secrets.add(key)
        self.wait(me.client.call("secrets.store", key=key, value=me.mark))

    @rule(who=users, value=values)
    def choose(self, who: int, value: str) -> None:
        me = self.people[who]
        me.language = me.mark + value
        change = {"key": "coder.language", "value": me.language, "target": "global"}
        self.wait(me.client.call("workspace.updateConfiguration", **change))

    @rule(who=users)
    def begin(self, who: int) -> None:
        me = self.people[who]
        if len(me.tasks) < 3:
            made = self.wait(me.web.post("/api/v1/tasks", json={"message": f"Say {me.mark}."}))
            assert made.status_code == 201, made.text
            me.tasks.add(made.json()["taskId"])

    # -- what is the other's

    @rule(who=users, name=names, way=st.sampled_from(["/../{}/root", "/../../{}/root", "/users/{}/root", "/../{}"]))
    def trespass(self, who: int, name: str, way: str) -> None:
        me, other = self.people[who], self.people[1 - who]
        uri = f"{way.format(other.uid)}/workspace/{name}"
        assert self.refused(me.client.call("workspace.fs.readFile", uri=uri)).code == -32010
        for how in ("writeFile", "delete"):
            more = {"content": me.mark} if how == "writeFile" else {}
            assert self.refused(me.client.call(f"workspace.fs.{how}", uri=uri, **more)).code == -32010
        answer = self.wait(me.web.get("/api/v1/files", params={"path": uri}))
        assert answer.status_code in (403, 404), answer.text

    @rule(who=users, method=st.sampled_from(["state.keys", "secrets.keys", "terminal.list", "commands.getCommands"]))
    def pretend(self, who: int, method: str) -> None:
        me, other = self.people[who], self.people[1 - who]
        answer = self.wait(me.client.ask(method, {"scope": "global"} if method == "state.keys" else {}, uid=other.uid))
        assert answer["error"]["code"] == -32003
        assert "result" not in answer

    @rule(who=users, data=st.data(), what=st.sampled_from(["", "/messages", "/checkpoints", "/pause", "delete"]))
    def meddle(self, who: int, data: st.DataObject, what: str) -> None:
        me, other = self.people[who], self.people[1 - who]
        if not other.tasks:
            return
        address = f"/api/v1/tasks/{data.draw(st.sampled_from(sorted(other.tasks)))}"
        verb, path = ("DELETE", address) if what == "delete" else ("PUT" if what == "/pause" else "GET", address + what)
        assert self.wait(me.web.request(verb, path)).status_code == 404
        assert self.wait(me.web.request(verb, path, params={"uid": other.uid})).status_code in (403, 404)
        decision = me.web.post(f"{address}/approvals/1", json={"decision": "once"})
        assert self.wait(decision).status_code == 404

    # -- what must hold

    @rule(who=users)
    def compare(self, who: int) -> None:
        me = self.people[who]
        call = me.client.call
        assert {name for name, _ in self.wait(call("workspace.fs.readDirectory", uri="/workspace"))} == set(me.files)
        assert set(self.wait(call("state.keys", scope="global"))) == set(me.state)
        for key, value in me.state.items():
            assert self.wait(call("state.get", scope="global", key=key)) == value
        assert set(self.wait(call("secrets.keys"))) == me.secrets
        assert self.wait(call("workspace.getConfiguration", section="coder.language")) == me.language
        listed = self.wait(me.web.get("/api/v1/tasks")).json()["tasks"]
        assert {one["taskId"] for one in listed} == me.tasks

    @invariant()
    def nothing_of_the_other_was_heard(self) -> None:
        for me, other in zip(self.people, reversed(self.people), strict=True):
            heard, me.seen = me.client.heard[me.seen :], len(me.client.heard)
            for message in heard:
                said = json.dumps(message)
                assert other.mark not in said, said
                assert message["uid"] == me.uid or message["error"]["code"] == -32003, said
                assert not any(task in said for task in other.tasks), said


def play(base: str, examples: int, steps: int, number: int) -> None:
    machine = seed(number)(type("Played", (TwoUsers,), {"base": base}))
    rules = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=rules)


def test_two_users_see_what_is_their_own_and_nothing_else(guarded: Process) -> None:
    play(guarded.base, 8, 40, 1)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", [1, 2])
def test_two_users_see_what_is_their_own_through_hundreds_of_lives(guarded: Process, number: int) -> None:
    play(guarded.base, 300, 80, number)
