"""Garbage of extensions: what is unloaded is collected, what lives is left alone, and nothing walks through all."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from host.collecting import Loads, collect, own_objects
from host.modules import Copies
from sessions.context import SessionContext
from shim.commands import Commands
from shim.extensions import Extensions
from tests.people import extension, loads, people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

FULL = """
    import functools, threading, shim as vscode
    from dataclasses import dataclass
    from enum import Enum
    from . import other

    everything = {}
    names = []
    current = None
    lock = threading.Lock()

    class Color(Enum):
        RED = 1

    @dataclass
    class Note:
        text: str

    class Only:
        _instance = None
        seen = []

        @classmethod
        def instance(cls):
            if cls._instance is None:
                cls._instance = cls()
                cls._instance.itself = cls._instance
            return cls._instance

    class Registry(type):
        kinds = []
        def __init__(cls, name, bases, body):
            super().__init__(name, bases, body)
            Registry.kinds.append(name)

    class Base(metaclass=Registry):
        pass

    @functools.lru_cache(maxsize=None)
    def cached(key):
        return [key]

    def counted(by, kept=[]):
        kept.append(by)
        return kept

    def remember(who):
        global current
        current = who
        everything[who] = Note(who)
        names.append(who)
        Only.instance().name = who
        Only.seen.append(who)
        type(f"Of{who}", (Base,), {})
        cached("key").append(who)
        counted(who)
        other.store(who)
        Color.RED.note = who
        return recall()

    def recall():
        return [current, sorted(everything), names, getattr(Only.instance(), "name", None), Only.seen,
                Registry.kinds, cached("key"), counted("?")[:-1], other.stored, getattr(Color.RED, "note", None)]

    def kinds():
        return [Note, Only, Color, Base, recall, Only.instance()]

    def activate(context):
        for name, function in (("remember", remember), ("recall", recall), ("kinds", kinds)):
            context.subscriptions.append(vscode.commands.register_command(f"full.{name}", function))
"""
OTHER = "stored = []\ndef store(who):\n    stored.append(who)\n"


def full(folder: Path) -> Path:
    commands = "".join(
        f'[[contributes.commands]]\ncommand = "full.{one}"\ntitle = "T"\n' for one in ("remember", "recall", "kinds")
    )
    return extension(folder, "full", commands, extension=FULL, other=OTHER)


async def run(session: SessionContext, command: str, *arguments: Any) -> Any:
    return await session.get(Commands).execute(f"full.{command}", *arguments)


async def test_globals_singletons_and_caches_of_one_user_are_never_seen_by_another(tmp_path: Path) -> None:
    async with people(tmp_path, loads(full(tmp_path))) as sessions:
        users = {uid: await sessions.open(uid) for uid in ("ada", "ben", "cy")}
        await asyncio.gather(*(run(session, "remember", uid) for uid, session in users.items()))
        for uid, session in users.items():
            told = repr(await run(session, "recall"))
            assert uid in told
            assert not [other for other in users if other != uid and other in told], told
        ids = [set(map(id, await run(session, "kinds"))) for session in users.values()]
        assert not ids[0] & ids[1] | ids[1] & ids[2] | ids[0] & ids[2]


async def test_what_is_unloaded_is_collected_though_it_was_frozen_and_others_live_on(tmp_path: Path) -> None:
    async with people(tmp_path, loads(full(tmp_path))) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        await run(ada, "remember", "ada")
        await run(ben, "remember", "ben")
        gc.collect()
        gc.freeze()
        gone = [weakref.ref(one) for one in await run(ada, "kinds")]
        there = [weakref.ref(one) for one in await run(ben, "kinds")]
        del ada
        await sessions.close("ada")
        await eventually(lambda: not [one for one in gone if one() is not None])
        assert all(one() is not None for one in there)
        assert (await run(ben, "recall"))[0] == "ben"
    gc.unfreeze()


async def test_what_somebody_still_holds_is_not_taken_from_them(tmp_path: Path) -> None:
    async with people(tmp_path, loads(full(tmp_path))) as sessions:
        ada = await sessions.open("ada")
        await run(ada, "remember", "ada")
        recall = (await run(ada, "kinds"))[4]
        copy = ada.get(Copies).get("full")
        assert copy is not None
        things = own_objects(list(copy._modules.values()))
        assert len(things) < 2_000, "nothing of the host or of others is among them"
        collect(things, [])
        assert recall()[0] == "ada"
        assert things == []


def test_the_collector_waits_while_modules_load_and_goes_on_after() -> None:
    was_on, loads_ = gc.isenabled(), Loads()
    gc.enable()
    try:
        with loads_.begin():
            with loads_.begin():
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled()
        gc.disable()
        with loads_.begin():
            pass
        assert not gc.isenabled(), "an embedder that turned it off has it off"
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def test_a_load_that_never_ends_does_not_keep_the_collector_from_running() -> None:
    loads_, was_on = Loads(), gc.isenabled()
    gc.enable()
    try:
        late, other = loads_.begin(), loads_.begin()
        late.end()
        assert not gc.isenabled()
        other.end()
        assert gc.isenabled()
        with loads_.begin():
            late.end()
            assert not gc.isenabled(), "ending it again ends no other"
    finally:
        gc.unfreeze()
        if not was_on:
            gc.disable()


async def test_a_collection_after_many_loads_does_not_walk_through_them(tmp_path: Path) -> None:
    async with people(tmp_path, loads(full(tmp_path))) as sessions:
        for number in range(5):
            session = await sessions.open(f"user{number}")
            await session.get(Extensions).activate("acme.full")
        assert gc.get_freeze_count() > 10_000
        young = sum(len(gc.get_objects(generation)) for generation in range(3))
        assert young < gc.get_freeze_count() / 2
    gc.unfreeze()
