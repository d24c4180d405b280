"""What is heard of single paths: along links, as folders on the way come and go, and where the kernel says no more."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sessions import tracking
from sessions.context import SessionContext
from sessions.inotify import Count, Instances
from sessions.tracking import Tracking
from tests.people import people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


class Heard:
    """Who tracks paths of a user, and what they heard."""

    def __init__(self, session: SessionContext, folder: Path) -> None:
        self.place = folder / "users" / session.uid / "root/workspace"
        self.paths: list[str] = []
        self.tracking = Tracking(session, self.hear)

    async def hear(self, paths: list[str]) -> None:
        self.paths += paths

    async def track(self, name: str) -> None:
        self.tracking.add(f"/workspace/{name}")
        await self.until(name)

    async def until(self, name: str, do: Callable[[], object] = lambda: None) -> None:
        """Do it, and wait until it was heard of a path; then forget what was heard."""
        do()
        await eventually(lambda: f"/workspace/{name}" in self.paths, 20)
        self.paths.clear()


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[Heard]:
    async with people(tmp_path) as sessions:
        made = Heard(await sessions.open("ada"), tmp_path)
        (made.place / "a/b").mkdir(parents=True)
        (made.place / "a/b/c.txt").write_text("1")
        yield made
        await made.tracking.close()


async def test_each_change_of_a_tracked_file_is_heard_and_of_nothing_else(heard: Heard) -> None:
    await heard.track("a/b/c.txt")
    file = heard.place / "a/b/c.txt"
    for change in (lambda: file.write_text("2"), lambda: file.chmod(0o600), file.unlink, file.touch):
        (heard.place / "a/b/d.txt").write_text("of no interest")
        (heard.place / "a/d").mkdir(exist_ok=True)
        await heard.until("a/b/c.txt", change)
    (heard.place / "new").write_text("3")
    heard.tracking.add("/workspace/a/b/d.txt")
    await eventually(lambda: heard.paths, 20)
    assert heard.paths == ["/workspace/a/b/d.txt"]
    os.replace(heard.place / "new", file)
    await heard.until("a/b/c.txt")


async def test_while_nothing_happens_nothing_is_looked_at(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "POLL_S", 0.001)
    await heard.track("a/b/c.txt")
    (heard.place / "clock").write_text("0")
    await heard.track("clock")
    for number in range(5):
        (heard.place / "clock").write_text(str(number))
        await eventually(lambda: heard.paths, 20)
        assert heard.paths == ["/workspace/clock"] and not heard.tracking.polled
        heard.paths.clear()


async def test_folders_on_the_way_may_go_and_come_again(heard: Heard) -> None:
    await heard.track("a/b/c.txt")
    await heard.until("a/b/c.txt", lambda: (heard.place / "a").rename(heard.place / "x"))
    await heard.until("a/b/c.txt", lambda: (heard.place / "x").rename(heard.place / "a"))
    await heard.until("a/b/c.txt", lambda: (heard.place / "a/b/c.txt").write_text("2"))
    await heard.until("a/b/c.txt", lambda: shutil.rmtree(heard.place / "a"))
    await heard.until("a/b/c.txt", lambda: (heard.place / "a").mkdir())
    await heard.until("a/b/c.txt", lambda: (heard.place / "a/b").mkdir())
    await heard.until("a/b/c.txt", lambda: (heard.place / "a/b/c.txt").touch())
    assert not heard.tracking.polled


async def test_what_a_link_leads_to_is_heard_of_and_that_it_leads_elsewhere(heard: Heard) -> None:
    (heard.place / "other").mkdir()
    (heard.place / "other/c.txt").touch()
    (heard.place / "way").symlink_to("/workspace/a")
    (heard.place / "link").symlink_to("way/../a/./b/c.txt")
    await heard.track("link")
    await heard.until("link", lambda: (heard.place / "a/b/c.txt").write_text("2"))
    (heard.place / "way2").symlink_to("other/../other")
    await heard.until("link", lambda: os.replace(heard.place / "way2", heard.place / "way"))
    (heard.place / "link2").symlink_to("other/c.txt")
    await heard.until("link", lambda: os.replace(heard.place / "link2", heard.place / "link"))
    await heard.until("link", lambda: (heard.place / "other/c.txt").write_text("2"))
    (heard.place / "a/b/c.txt").write_text("of no interest by now")
    heard.tracking.add("/workspace/a/b/c.txt")
    await eventually(lambda: heard.paths, 20)
    assert heard.paths == ["/workspace/a/b/c.txt"] and not heard.tracking.polled


async def test_no_way_leads_out_of_the_users_world(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("1")
    (heard.place / "out").symlink_to("../../../../../../.." + str(tmp_path / "outside"))
    await heard.track("out")
    (tmp_path / "outside").write_text("2")
    heard.tracking.add("/workspace/a/b/c.txt")
    await eventually(lambda: heard.paths, 20)
    assert heard.paths == ["/workspace/a/b/c.txt"]


async def test_links_that_lead_in_circles_are_looked_at_now_and_then(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "POLL_S", 0.001)
    (heard.place / "one").symlink_to("two")
    (heard.place / "two").symlink_to("one")
    await heard.track("one")
    assert heard.tracking.polled == 1
    await heard.until("one")


async def test_what_is_tracked_no_longer_takes_nothing(heard: Heard) -> None:
    await heard.track("a/b/c.txt")
    (instance,) = heard.tracking._session.inotify._held
    assert len(instance) == 4
    heard.tracking.remove("/workspace/a/b/c.txt")
    await eventually(lambda: not len(instance), 20)
    await heard.track("a/b/c.txt")
    await heard.tracking.close()
    assert not heard.tracking._session.inotify._held


async def test_lost_events_have_all_looked_at(heard: Heard) -> None:
    await heard.track("a/b/c.txt")
    await heard.track("elsewhere")
    (instance,) = heard.tracking._session.inotify._held
    for lost in list(instance.lost):
        lost()
    await eventually(lambda: heard.paths, 20)
    assert heard.paths == ["/workspace/a/b/c.txt", "/workspace/elsewhere"]


async def test_where_one_users_share_is_at_an_end_paths_are_looked_at_now_and_then(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "POLL_S", 0.001)
    heard.tracking._left = Count(3)
    await heard.track("a/b/c.txt")
    assert heard.tracking.polled == 1
    await heard.until("a/b/c.txt")
    heard.tracking.remove("/workspace/a/b/c.txt")
    await heard.track("a/c.txt")
    assert not heard.tracking.polled


async def test_where_the_kernel_gives_no_instance_it_is_asked_again(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "POLL_S", 0.001)
    with monkeypatch.context() as refusing:

        def refuse(self: Instances, uid: str) -> None:
            raise OSError("no more")

        refusing.setattr(Instances, "take", refuse)
        await heard.track("a/b/c.txt")
        await heard.until("a/b/c.txt")
        assert heard.tracking.polled == 1
    await eventually(lambda: not heard.tracking.polled, 20)
    await heard.until("a/b/c.txt", lambda: (heard.place / "a/b/c.txt").write_text("2"))


async def test_who_writes_all_the_time_has_no_more_than_a_share_of_the_time_looked_at(heard: Heard) -> None:
    looks = 0

    async def slow(paths: list[str]) -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.1)

    heard.tracking._hear = slow
    heard.tracking.add("/workspace/a/b/c.txt")
    await eventually(lambda: looks, 20)
    loop = asyncio.get_running_loop()
    began, before = loop.time(), looks
    while loop.time() - began < 1.0:
        (heard.place / "a/b/c.txt").write_text("x")
        await asyncio.sleep(0.01)
    assert looks - before <= 3
