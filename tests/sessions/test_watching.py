"""What is heard of files: by shells and by the API, in new folders, after moves, floods and lost events."""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from sessions import inotify, watching, watchtree
from sessions.context import SessionContext
from sessions.inotify import Count, Inotify, Instances
from sessions.watching import Watching
from sessions.watchtree import CHANGED, CREATED, DELETED, Budget, Change, Tree
from tests.people import people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Heard:
    """Who watches the workspace of a user, and what they heard."""

    def __init__(self, session: SessionContext, folder: Path) -> None:
        self.session = session
        self.place = folder / "users" / session.uid / "root/workspace"
        self.changes: list[Change] = []

    async def begin(self, path: str = "/workspace", recursive: bool = True) -> Heard:
        begun, self.undo = self.session.get(Watching).follow(
            path, self.hear, recursive=recursive, excluded=lambda path: path.startswith("skip")
        )
        await begun
        return self

    def hear(self, changes: Sequence[Change]) -> None:
        self.changes += changes

    async def until(self, *wanted: Change) -> None:
        try:
            await eventually(lambda: set(wanted) <= set(self.changes), 20)
        except TimeoutError:
            raise AssertionError(f"{set(wanted) - set(self.changes)} not in {self.changes[:50]}") from None


async def test_what_shells_write_is_heard(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        (heard.place / "a.txt").write_text("1")
        await heard.until(("/workspace/a.txt", CREATED))
        (heard.place / "a.txt").write_text("2")
        await heard.until(("/workspace/a.txt", CHANGED))
        (heard.place / "a.txt").unlink()
        await heard.until(("/workspace/a.txt", DELETED))


async def test_what_the_api_writes_is_heard_even_at_once(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        heard = Heard(session, tmp_path)
        session.get(Watching).follow("/workspace", heard.hear)
        await session.files.write("/workspace/new/a.txt", b"1")
        await heard.until(("/workspace/new", CREATED), ("/workspace/new/a.txt", CREATED))
        await session.files.rename("/workspace/new/a.txt", "/workspace/b.txt")
        await heard.until(("/workspace/new/a.txt", DELETED), ("/workspace/b.txt", CREATED))
        assert not [path for path, _ in heard.changes if ".roost-" in path]


async def test_nothing_in_a_new_folder_is_lost_however_fast_it_fills(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        paths = [f"d{one}/e/f/{two}.txt" for one in range(20) for two in range(5)]
        for path in paths:
            (heard.place / path).parent.mkdir(parents=True, exist_ok=True)
            (heard.place / path).write_text("x")
        await heard.until(*((f"/workspace/{path}", CREATED) for path in paths))
        (heard.place / "d3/e/f/late.txt").write_text("x")
        await heard.until(("/workspace/d3/e/f/late.txt", CREATED))


async def test_many_changes_are_told_a_portion_after_the_other(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        heard = await Heard(session, tmp_path).begin()
        told: list[tuple[int, int]] = []
        turn = 0
        for _ in range(4):
            session.get(Watching).follow("/workspace", lambda changes: told.append((turn, len(changes))))
        (tmp_path / "many").mkdir()
        for number in range(1_000):
            (tmp_path / "many" / f"{number}.txt").touch()
        (tmp_path / "many").rename(heard.place / "many")
        while sum(count for _, count in told) < 4 * 1_001:
            turn += 1
            await asyncio.sleep(0)
        assert max(count for _, count in told) <= watching.TOLD
        assert len({turn for turn, _ in told}) >= 10


async def test_a_moved_folder_goes_here_comes_there_and_is_still_watched(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = Heard(await sessions.open("ada"), tmp_path)
        (heard.place / "old/in").mkdir(parents=True)
        (heard.place / "old/in/a").write_text("x")
        await heard.begin()
        (heard.place / "old").rename(heard.place / "new")
        await heard.until(("/workspace/old", DELETED), ("/workspace/new", CREATED), ("/workspace/new/in/a", CREATED))
        assert ("/workspace/old/in/a", DELETED) not in heard.changes
        (heard.place / "new/in/b").write_text("x")
        await heard.until(("/workspace/new/in/b", CREATED))
        shutil.rmtree(heard.place / "new")
        await heard.until(("/workspace/new", DELETED))


async def test_what_comes_and_goes_between_looks_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SOON_S", 1.0)
    async with people(tmp_path) as sessions:
        heard = Heard(await sessions.open("ada"), tmp_path)
        (heard.place / "kept").write_text("1")
        await heard.begin()
        (heard.place / "brief").write_text("1")
        (heard.place / "brief").unlink()
        (heard.place / "kept").unlink()
        (heard.place / "kept").write_text("2")
        (heard.place / "made").write_text("1")
        (heard.place / "made").write_text("2")
        await heard.until(("/workspace/kept", CHANGED), ("/workspace/made", CREATED))
        assert len(heard.changes) == 2


async def test_links_are_told_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        (heard.place / "out").symlink_to(outside)
        (heard.place / "loop").symlink_to(heard.place)
        await heard.until(("/workspace/out", CREATED), ("/workspace/loop", CREATED))
        (outside / "secret").write_text("x")
        (heard.place / "own").write_text("x")
        await heard.until(("/workspace/own", CREATED))
        assert {path for path, _ in heard.changes} == {"/workspace/out", "/workspace/loop", "/workspace/own"}


async def test_a_folder_replaced_by_a_link_to_anothers_is_watched_no_more(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        theirs, heard = Heard(ben, tmp_path).place, Heard(ada, tmp_path)
        (heard.place / "d").mkdir()
        await heard.begin()
        (heard.place / "d").rmdir()
        (heard.place / "d").symlink_to(theirs)
        await heard.until(("/workspace/d", CHANGED))
        (theirs / "secret").write_text("x")
        (heard.place / "own").write_text("x")
        await heard.until(("/workspace/own", CREATED))
        assert not [path for path, _ in heard.changes if "secret" in path]


async def test_one_users_files_are_not_anothers_though_they_share_an_instance(tmp_path: Path) -> None:
    shared = Instances(1)
    async with people(tmp_path) as sessions:
        everybody = []
        for uid in ("ada", "ben", "cleo"):
            session = await sessions.open(uid)
            session.inotify = shared
            everybody.append(await Heard(session, tmp_path).begin())
        for heard in everybody:
            (heard.place / heard.session.uid).write_text("x")
        for heard in everybody:
            await heard.until((f"/workspace/{heard.session.uid}", CREATED))
            assert {path for path, _ in heard.changes} == {f"/workspace/{heard.session.uid}"}


async def test_lost_events_are_made_up_for(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        heard = Heard(session, tmp_path)
        (heard.place / "d").mkdir()
        (heard.place / "d/gone").write_text("x")
        await heard.begin()
        for number in range(9_000):  # the kernel keeps 16,384 events: each of these is two or three
            (heard.place / f"d/{number}").write_text("x")
        (heard.place / "d/gone").unlink()
        await heard.until(("/workspace/d/gone", DELETED), *((f"/workspace/d/{one}", CREATED) for one in range(9_000)))
        await eventually(lambda: session.get(Watching).overflowed > 0)


async def test_a_folder_that_is_not_there_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MISSING_S", 0.05)
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin("/workspace/later")
        (heard.place / "later").mkdir()
        await heard.until(("/workspace/later", CREATED))
        (heard.place / "later/a").write_text("x")
        await heard.until(("/workspace/later/a", CREATED))
        shutil.rmtree(heard.place / "later")
        await heard.until(("/workspace/later", DELETED))
        heard.changes.clear()
        (heard.place / "later").mkdir()
        (heard.place / "later/b").write_text("x")
        await heard.until(("/workspace/later", CREATED), ("/workspace/later/b", CREATED))


async def test_without_recursion_only_the_folder_itself_is_watched(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = Heard(await sessions.open("ada"), tmp_path)
        (heard.place / "d").mkdir()
        await heard.begin(recursive=False)
        (heard.place / "d/deep").write_text("x")
        (heard.place / "top").write_text("x")
        await heard.until(("/workspace/top", CREATED))
        assert heard.changes == [("/workspace/top", CREATED)]


async def test_what_is_excluded_is_not_heard(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        (heard.place / "skip/in").mkdir(parents=True)
        (heard.place / "skip/in/a").write_text("x")
        (heard.place / "own").write_text("x")
        await heard.until(("/workspace/own", CREATED))
        assert heard.changes == [("/workspace/own", CREATED)]


async def test_who_listens_no_more_hears_no_more_and_may_listen_again(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        heard.undo()
        heard.undo()
        again = await Heard(heard.session, tmp_path).begin()
        (again.place / "a").write_text("x")
        await again.until(("/workspace/a", CREATED))
        assert heard.changes == []


async def test_more_than_a_user_may_watch_is_known_and_all_is_given_back(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        place = Heard(session, tmp_path).place
        for number in range(10):
            (place / str(number)).mkdir()
        instance, give_back = Instances().take("ada")
        tree = Tree(session.files.root, "/workspace", True, instance, Budget(5, 100), lambda path: False, lambda: None)
        await asyncio.to_thread(tree.begin)
        assert tree.full
        assert len(instance) == 6  # the top one does not count
        await asyncio.to_thread(tree.end)
        assert len(instance) == 0
        give_back()


async def test_a_session_that_ends_watches_nothing(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        heard = await Heard(await sessions.open("ada"), tmp_path).begin()
        (heard.place / "a").write_text("x")
        await sessions.close("ada")
        heard.changes.clear()
        again = await Heard(await sessions.open("ada"), tmp_path).begin()
        (heard.place / "c").write_text("x")
        await again.until(("/workspace/c", CREATED))
        assert heard.changes == []


async def test_an_instance_is_given_back_whose_listener_goes_just_before_the_session(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        heard = await Heard(session, tmp_path).begin()
        assert len(session.inotify) == 1
        heard.undo()
        await sessions.close("ada")
        assert len(session.inotify) == 0


async def test_an_instance_is_given_back_whose_listener_goes_while_the_session_ends(tmp_path: Path) -> None:
    class Late:
        """Stops listening when the session closes it, as an extension's things do."""

        def __init__(self, session: SessionContext) -> None:
            self.heard = Heard(session, tmp_path)

        async def close(self) -> None:
            self.heard.undo()

    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        await session.get(Late).heard.begin()
        await sessions.close("ada")
        assert len(session.inotify) == 0


def polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_S", 0.05)
    monkeypatch.setattr(watching, "POLL_SHARE", 0)


async def test_what_the_kernel_does_not_let_be_watched_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    polling(monkeypatch)
    caplog.set_level(logging.WARNING, "roost.sessions")
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        session.inotify = Instances(directories=1)
        heard = Heard(session, tmp_path)
        (heard.place / "d").mkdir()
        (heard.place / "d/a").write_text("1")
        await heard.begin()
        (heard.place / "d/b").write_text("1")
        (heard.place / "d/a").write_text("22")
        (heard.place / "d/new").mkdir()
        (heard.place / "d/new/c").write_text("1")
        await heard.until(("/workspace/d/a", CHANGED), ("/workspace/d/b", CREATED), ("/workspace/d/new/c", CREATED))
        (heard.place / "d/b").unlink()
        await heard.until(("/workspace/d/b", DELETED))
        (said,) = [record.getMessage() for record in caplog.records]
        assert "/workspace of ada: 1 directories are looked at every 0.05 s instead of watched" in said


async def test_who_gets_no_instance_is_not_refused_and_hears_at_once_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polling(monkeypatch)
    real, refused = Inotify, [True]

    def instance(directories: Count) -> Inotify:
        if refused:
            raise OSError(errno.EMFILE, "the kernel gives no more")
        return real(directories)

    monkeypatch.setattr(inotify, "Inotify", instance)
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        heard = await Heard(session, tmp_path).begin()
        (heard.place / "a").write_text("x")
        await heard.until(("/workspace/a", CREATED))
        refused.clear()
        await eventually(lambda: len(session.inotify) == 1)
        (watch,) = session.get(Watching)._watches
        await eventually(lambda: not watch.tree.unheard)
        monkeypatch.setattr(watching, "POLL_S", 3_600)
        (heard.place / "b").write_text("x")
        await heard.until(("/workspace/b", CREATED))


async def test_what_may_not_be_looked_at_either_is_said_and_all_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchtree, "POLLED", 2)
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        place = Heard(session, tmp_path).place
        for number in range(10):
            (place / str(number)).mkdir()
        instances, budget = Instances(directories=3), Budget(100, 100)
        instance, give_back = instances.take("ada")
        tree = Tree(session.files.root, "/workspace", True, instance, budget, lambda path: False, lambda: None)
        await asyncio.to_thread(tree.begin)
        assert (len(instance), len(tree.unheard), tree.full) == (3, 2, True)
        await asyncio.to_thread(tree.end)
        assert (len(instance), len(tree.unheard)) == (0, 0)
        assert budget.folders._left == 100
        assert instances._directories._left == 3
        give_back()


async def test_a_user_has_one_instance_and_a_few_users_share_it() -> None:
    instances = Instances(most=2)
    held = [instances.take(f"user{number}") for number in range(inotify.USERS)]
    again = instances.take("user0")
    assert again[0] is held[0][0]
    assert len(instances) == 1
    more = [instances.take(f"more{number}") for number in range(3 * inotify.USERS)]
    assert len(instances) == 2
    for _, give_back in [*held, again, *more]:
        give_back()
        give_back()
    assert len(instances) == 0


async def test_what_is_near_the_top_is_watched_before_what_is_deep(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        place = Heard(session, tmp_path).place
        for number in range(3):
            (place / f"{number}/a/b/c/d/e").mkdir(parents=True)
        instance, give_back = Instances().take("ada")
        tree = Tree(session.files.root, "/workspace", True, instance, Budget(6, 100), lambda path: False, lambda: None)
        await asyncio.to_thread(tree.begin)
        watched = {folder.path for folder in tree._folders(tree.top) if folder.watch >= 0}
        assert watched == {f"/workspace/{number}{below}" for number in range(3) for below in ("", "/a")}
        await asyncio.to_thread(tree.end)
        give_back()


def test_a_folder_that_goes_is_told_once_and_nothing_of_what_was_in_it() -> None:
    went = watchtree.GONE_FOLDER
    changes = {
        "/w/old/a/c.txt": DELETED, "/w/old/a/new.txt": CREATED, "/w/old/a": went, "/w/older": CHANGED, "/w/old": went,
        "/w/old.txt": DELETED, "/w/older/e.txt": DELETED, "/w": CHANGED,
    }  # fmt: skip
    told = [("/w/older", CHANGED), ("/w/old", DELETED), ("/w/old.txt", DELETED), ("/w/older/e.txt", DELETED)]
    assert watchtree._told(changes) == [*told, ("/w", CHANGED)]
    assert watchtree._told({"/w/a": DELETED, "/w/a/b": CREATED}) == [("/w/a", DELETED), ("/w/a/b", CREATED)]
