"""The proposal `backstage`: what an extension keeps beside a user's world is seen by its own commands only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import backstage as kept
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue, NoCurrentUser, SandboxUnavailable, SessionClosed
from sessions.jail import Network
from sessions.levels import WEAKER, Level
from sessions.root import Root
from sessions.trees import Size
from shim.proposed import backstage, processes
from tests.hosted import hosted
from tests.inside import tenants
from tests.people import people
from tests.screens import passable

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("acme.keeper"):
            yield session


async def said(place: backstage.Place, script: str, **env: str) -> str:
    finished = await backstage.run(place, ["sh", "-c", script], env=env, timeout=20)
    return finished.output.decode().strip()


async def test_a_command_sees_the_workspace_and_its_place_and_nothing_else(ada: SessionContext) -> None:
    await processes.run(["sh", "-c", "echo ws > /workspace/a; echo secret > /home/b; echo t > /tmp/c"])
    place = await backstage.open("one")
    assert (place.path, place.workspace) == ("/backstage", "/workspace")
    assert await said(place, "pwd; cat a; ls /backstage; ls /home /tmp 2>&1 | grep -c 'No such'") == "/workspace\nws\n2"
    assert (
        await said(place, "echo kept > /backstage/x; touch made; ls -l made | cut -c1-3; echo $HOME")
        == "-rw\n/backstage"
    )
    assert (await processes.run(["ls", "-A", "/workspace"])).output == b"a\nmade\n"


async def test_the_users_own_processes_do_not_see_it(ada: SessionContext) -> None:
    place = await backstage.open("one")
    await said(place, "echo kept > /backstage/hidden-9")
    finished = await processes.run(
        ["sh", "-c", "ls -d /backstage /workspace/../backstage 2>&1; find / -name hidden-9 2>/dev/null"]
    )
    assert b"No such file" in finished.output and b"hidden-9" not in finished.output
    with pytest.raises(FileSystemError):
        await ada.files.read("/backstage/hidden-9")


async def test_it_has_no_network_and_nothing_of_the_hosts_environment(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "host's")
    place = await backstage.open("one")
    assert (
        await said(place, "ls /sys/class/net 2>/dev/null; cat /proc/net/dev | grep -c eth; env | grep -c host")
        == "0\n0"
    )
    assert await said(place, "echo $GIVEN", GIVEN="x y") == "x y"


async def test_places_and_extensions_and_users_are_apart() -> None:
    async with tenants("ada", "ben") as (_, (ada, ben)):
        with ada.entered("acme.keeper"):
            await said(await backstage.open("one"), "echo ada > /backstage/x")
            assert await said(await backstage.open("two"), "ls -A /backstage") == ""
        with ada.entered("acme.other"):
            assert await said(await backstage.open("one"), "ls -A /backstage") == ""
        with ben.entered("acme.keeper"):
            assert await said(await backstage.open("one"), "ls -A /backstage") == ""
        with ada.entered("acme.keeper"):
            assert await said(await backstage.open("one"), "cat /backstage/x") == "ada"


async def test_it_is_there_after_a_sleep_and_gone_once_removed() -> None:
    async with tenants("ada") as (_, (ada,)):
        with ada.entered("acme.keeper"):
            await said(
                await backstage.open("one"), "echo kept > /backstage/x; mkdir -p /backstage/d/e; ln -s / /backstage/l"
            )
            for number in range(kept.AT_ONCE + 1):
                await backstage.open(f"other-{number}")
            place = await backstage.open("one")
            assert await said(place, "cat /backstage/x") == "kept"
            await backstage.remove("one")
            await backstage.remove("one")
            with pytest.raises(SessionClosed):
                await said(place, "true")
            assert await said(await backstage.open("one"), "ls -A /backstage") == ""


async def test_with_the_session_it_ends(ada: SessionContext) -> None:
    place = await backstage.open("one")
    assert ada.backstage is not None
    await ada.backstage.close()
    with pytest.raises(SessionClosed):
        await said(place, "true")
    with pytest.raises(SessionClosed):
        await backstage.open("one")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "-x", "x" * 200, "a\0", "a\n"])
async def test_a_name_that_is_none_is_refused(ada: SessionContext, name: str) -> None:
    with pytest.raises(InvalidValue, match="name: must be"):
        await backstage.open(name)


async def test_whoever_is_no_extension_has_none(ada: SessionContext, tmp_path: Path) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="from an extension's code"):
        backstage.open("one")
    async with people(tmp_path) as sessions:
        with (
            (await sessions.open("ben")).entered("acme.keeper"),
            pytest.raises(SandboxUnavailable, match="no backstage"),
        ):
            backstage.open("one")


async def test_without_a_user_there_is_none() -> None:
    with pytest.raises(NoCurrentUser):
        backstage.open("one")


def test_what_is_kept_counts_as_the_users(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    try:
        root.write("/workspace/a", b"x" * 100)
        without = kept.usage(root, tmp_path / "backstage")
        (tmp_path / "backstage/acme/one/files").mkdir(parents=True)
        (tmp_path / "backstage/acme/one/files/x").write_bytes(b"y" * 5_000)
        size = kept.usage(root, tmp_path / "backstage")
        assert size.files - without.files == 4
        assert size.bytes - without.bytes >= 5_000
        assert kept.usage(root, tmp_path / "backstage", Size(10, 10)).bytes > 10
    finally:
        root.close()


async def test_a_host_gives_every_user_one_and_counts_it() -> None:
    with passable() as folder:
        async with hosted(folder, quotas={"bytes": 50_000_000, "files": 10_000}) as (host, _):
            session = await host.sessions.open("ada")
            if (await host.isolation.told())["level"] != "bubblewrap":
                pytest.skip("no user has two sandboxes here")
            counted = await asyncio.to_thread(session.allowance._measure)
            with session.entered("acme.keeper"):
                place = await backstage.open("one")
                assert await said(place, "head -c 300000 /dev/zero > /backstage/x && id -u") == "1000"
            assert (await asyncio.to_thread(session.allowance._measure))[0] >= counted[0] + 300_000


async def test_where_a_user_can_have_one_sandbox_only_there_is_none(tmp_path: Path) -> None:
    async with hosted(tmp_path) as (host, _):
        found: asyncio.Future[tuple[Level, Network]] = asyncio.get_running_loop().create_future()
        found.set_result((WEAKER, "none"))
        host.isolation._found = found
        session = await host.sessions.open("ada")
        with session.entered("acme.keeper"), pytest.raises(SandboxUnavailable, match="install bubblewrap"):
            await backstage.open("one")
