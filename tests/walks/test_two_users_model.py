"""Two users of one host do what they like, to each other too: each sees what a plain model says, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import secrets
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, TypeVar

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.client import ROOT, Client, Process, Refused, connect, running
from tests.screens import passable
from tests.tokens import GUARDED, bearer, token
from tests.walks.asking import IDS, LANGUAGES, Document, ask, ids_in
from tests.walks.stage import planted

T = TypeVar("T")
NUMBERS = itertools.count(1)
SCRIPT = {"rules": [{"text": "It is done."}]}

EXACT = {
    "session.authenticate", "workspace.updateConfiguration", "state.update", "secrets.store", "secrets.delete",
}  # fmt: skip
"""Methods that rules of their own drive; each other one is asked with whatever its document allows."""

FREE = ["/workspace/free/a.py", "/workspace/free/b", "/workspace/free/c/d"]
"""Files of which the model knows nothing: with them a user may do anything."""

ENDLESS = {"/api/v1/events"}
PART = re.compile(r"\{\w+\}")
BODIES = {"messages": {"message": "x"}, "{approvalId}": {"decision": "once"}, "mode": {"mode": "code"}}
"""What a route of this last part takes, so that it is refused for whom it is asked of and not for what."""

LIVES, SHARES = 200, 2
"""Of the long run with each seed, and its parts, which can be run side by side."""

COMMANDS = st.sampled_from(["coder.listTasks", "git.refresh", "stage.heard", "nobody.hasThis"])
MOST_TERMINALS = 2

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
    terminals: set[str] = field(default_factory=set)
    clipboard: str = ""
    ids: dict[str, set[str]] = field(default_factory=dict)
    """Whatever the host ever named to them, by the member that named it."""
    seen: int = 0


class TwoUsers(RuleBasedStateMachine):
    """`people[who]` acts; `people[1 - who]` is the other."""

    base: ClassVar[str]
    document: ClassVar[Document]
    routes: ClassVar[list[tuple[str, str]]]
    asked: ClassVar[Counter[str]]

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
        me = Person(uid, client, web)
        for path in FREE:
            await client.call("workspace.fs.writeFile", uri=path, content=me.mark)
        await client.call("commands.executeCommand", command="stage.show", arguments=[me.mark])
        return me

    def teardown(self) -> None:
        try:
            for who in range(len(self.people)):
                self.compare(who)
        finally:
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

    # -- whatever else there is

    @rule(who=users, data=st.data(), methods=st.data())
    def ask_anything(self, who: int, data: st.DataObject, methods: st.DataObject) -> None:
        me, other = self.people[who], self.people[1 - who]
        free = [name for name in self.document.methods if name not in EXACT]
        for method in methods.draw(st.lists(st.sampled_from(free), min_size=10, max_size=20), "methods"):
            params = data.draw(self.document.params(method, partial(self.named, me, other, method)), method)
            if method == "window.createTerminal" and len(me.terminals) >= MOST_TERMINALS:
                continue
            self.asked[method] += 1
            answer = self.wait(ask(me.client, method, params))
            assert answer.get("error", {}).get("code") != -32603, (method, params, answer)
            self.note(me, method, params, answer)

    def named(self, me: Person, other: Person, method: str, name: str) -> st.SearchStrategy[Any] | None:
        """What is drawn for a member of this name: what is the user's, what is the other's, and their mark as text."""
        theirs = [f"/workspace/../../{other.uid}/root/workspace/{one}" for one in ("a", "b.txt", "free/a.py")]
        if name in ("uri", "source", "target"):
            return st.sampled_from(FREE * 2 + theirs)
        if name in IDS:
            found = sorted(me.ids.get(name, set()) | other.ids.get(name, set())) or ["1"]
            return st.integers(0, 999).map(lambda number: found[number % len(found)])  # drawn alike however many
        fixed: dict[str, st.SearchStrategy[Any]] = {
            "command": COMMANDS, "argument": st.just("x"), "languageId": LANGUAGES, "model": st.just("demo/scripted"),
            "glob": st.just("**/*"), "include": st.just("**/*"), "exclude": st.none(), "encoding": st.just("utf-8"),
            "cwd": st.just("/workspace"), "shellPath": st.none(), "shellArg": st.none(), "env": st.none(),
            "message": st.just({"role": "user", "content": me.mark}), "progressToken": st.none(),
        }  # fmt: skip
        if name in ("text", "content", "newText", "value", "name", "newName", "query", "pattern"):
            return st.just(me.mark)
        return fixed.get(name)

    def note(self, me: Person, method: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
        """What the model has of it."""
        if "error" in answer:
            return
        if method == "window.createTerminal":
            me.terminals.add(answer["result"]["terminalId"])
        elif method == "terminal.dispose":
            me.terminals.discard(params["terminalId"])
        elif method == "env.clipboard.writeText":
            me.clipboard = params["value"]

    @rule(who=users)
    def claim(self, who: int) -> None:
        me, other = self.people[who], self.people[1 - who]
        refusal = self.refused(me.client.call("session.authenticate", token=token(other.uid)))
        assert refusal.code == -32003
        assert self.wait(me.client.call("session.authenticate", token=token(me.uid))) == {"uid": me.uid}

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

    @rule(who=users, data=st.data())
    def meddle(self, who: int, data: st.DataObject) -> None:
        me, other = self.people[who], self.people[1 - who]
        verb, path = data.draw(st.sampled_from([one for one in self.routes if "{" in one[1]]), "route")
        if "{taskId}" in path and other.tasks:
            place = path.replace("{taskId}", data.draw(st.sampled_from(sorted(other.tasks))))
            expected = {404}
        elif "{uid}" in path:
            place, expected = path.replace("{uid}", other.uid), {403}
        else:
            return
        place = PART.sub("1", place)
        query = {"to": "1"} if place.endswith("/diff") else {}
        body = BODIES.get(path.rpartition("/")[2], {}) if verb in ("PUT", "POST") else None
        answer = self.wait(me.web.request(verb, place, json=body, params=query))
        assert answer.status_code in expected, (verb, path, answer.text)
        answer = self.wait(me.web.request(verb, place, json=body, params={**query, "uid": other.uid}))
        assert answer.status_code in expected | {403}, (verb, path, answer.text)

    @rule(who=users, data=st.data())
    def look(self, who: int, data: st.DataObject) -> None:
        """Whatever there is to read says nothing of the other, asked as oneself or as them."""
        me, other = self.people[who], self.people[1 - who]
        routes = [path for verb, path in self.routes if verb == "GET" and "{" not in path and path not in ENDLESS]
        path = data.draw(st.sampled_from(routes), "route")
        for query in ({}, {"uid": other.uid}):
            answer = self.wait(me.web.get(path, params=query))
            assert answer.status_code < 500, (path, answer.text)
            assert other.mark not in answer.text, (path, query)
            assert not any(task in answer.text for task in other.tasks), (path, query)

    # -- what must hold

    @rule(who=users)
    def compare(self, who: int) -> None:
        me = self.people[who]
        call = me.client.call
        listed = {name for name, _ in self.wait(call("workspace.fs.readDirectory", uri="/workspace"))}
        assert listed - {"free"} == set(me.files)
        assert set(self.wait(call("state.keys", scope="global"))) == set(me.state)
        for key, value in me.state.items():
            assert self.wait(call("state.get", scope="global", key=key)) == value
        assert set(self.wait(call("secrets.keys"))) == me.secrets
        assert self.wait(call("workspace.getConfiguration", section="coder.language")) == me.language
        tasks = self.wait(me.web.get("/api/v1/tasks")).json()["tasks"]
        assert {one["taskId"] for one in tasks} == me.tasks
        terminals = {one["terminalId"] for one in self.wait(call("terminal.list"))}
        assert me.terminals <= terminals, "a task may have one of its own"
        assert not terminals & self.people[1 - who].terminals
        assert self.wait(call("env.clipboard.readText")) == me.clipboard

    @invariant()
    def nothing_of_the_other_was_heard(self) -> None:
        for me, other in zip(self.people, reversed(self.people), strict=True):
            heard, me.seen = me.client.heard[me.seen :], len(me.client.heard)
            for name, found in ids_in(heard):
                me.ids.setdefault(name, set()).add(found)
            for message in heard:
                said = json.dumps(message)
                assert other.mark not in said, said
                assert message["uid"] == me.uid or message["error"]["code"] == -32003, said
                assert not any(task in said for task in other.tasks), said


@pytest.fixture(scope="module")
def stage() -> Iterator[Process]:
    """A host whose users may run programs, with an extension that has something of everything."""
    with passable() as folder:
        folders = json.dumps([str(ROOT / "examples"), str(planted(folder / "extensions"))])
        with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=folders, **GUARDED) as host:
            yield host


def play(base: str, examples: int, steps: int, number: int) -> Counter[str]:
    """How often each method was asked."""
    played: dict[str, Any] = {"base": base, "asked": Counter(), "routes": routes_of(base)}
    played["document"] = asyncio.run(discovered(base))
    machine = seed(number)(type("Played", (TwoUsers,), played))
    rules = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=rules)
    asked: Counter[str] = played["asked"]
    return asked


async def discovered(base: str) -> Document:
    async with connect(base, "who", "", additional_headers=bearer("who")) as client:
        return Document(await client.call("rpc.discover"))


def routes_of(base: str) -> list[tuple[str, str]]:
    """Verbs and paths of the host's OpenAPI document."""
    paths = httpx2.get(f"{base}/openapi.json").json()["paths"]
    return [(verb.upper(), path) for path, verbs in paths.items() for verb in verbs]


def test_two_users_see_what_is_their_own_and_nothing_else(stage: Process) -> None:
    play(stage.base, 6, 40, 1)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("number", [1, 2])
def test_two_users_see_what_is_their_own_through_hundreds_of_lives(stage: Process, number: int, share: int) -> None:
    asked = play(stage.base, LIVES // SHARES, 80, SHARES * number + share)
    methods = asyncio.run(discovered(stage.base)).methods
    print(f"{sum(asked.values())} calls of {len(asked)} methods, beside the rules of their own")
    left = set(methods) - EXACT - set(asked)
    assert len(left) < 0.03 * len(methods), f"nearly each method is asked in each part, and these were not: {left}"
