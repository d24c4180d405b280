"""The probe: what it finds is what there is, and it finds a wall that does not stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions import landlock, levels
from sessions.errors import SandboxUnavailable
from sessions.levels import CHECKS, ISOLATED, LEVELS, NONE, OFF, PROBE_UIDS, WEAKER, check, probe, way_out
from sessions.tenants import BASE
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, IS_ROOT, NO_BUBBLEWRAP, folder

pytestmark = pytest.mark.anyio

HAS_LANDLOCK = landlock.abi() >= landlock.OLDEST_ABI


@pytest.fixture
def data() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
async def test_the_probe_finds_bubblewrap_and_leaves_nothing(data: Path) -> None:
    found = await probe(data)
    assert (found.name, found.reason) == ("bubblewrap", "")
    assert list(data.iterdir()) == []


@pytest.mark.skipif(not (IS_ROOT and HAS_LANDLOCK), reason="needs a host that runs as root, and Landlock")
async def test_without_bubblewrap_a_root_host_has_landlock_and_is_told_why(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "BUBBLEWRAP", "/nowhere/bwrap")
    found = await probe(data)
    assert found.name == "landlock"
    assert "/nowhere/bwrap" in found.reason
    assert found.networks == ("none",)
    assert list(data.iterdir()) == []


async def test_with_neither_nothing_may_run_and_the_way_out_is_told(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "BUBBLEWRAP", "/nowhere/bwrap")
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    found = await probe(data)
    assert (found.name, found.form) == ("none", None)
    assert "apt-get install bubblewrap" in found.reason
    assert "apt-get install bubblewrap" in found.refusal("proxy")


@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
async def test_where_the_host_cannot_listen_inside_there_is_no_proxy(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not IS_ROOT:
        pytest.skip("an ordinary user's host has a program do it, which a test cannot hinder")
    monkeypatch.setattr("sessions.netns.NEW_NET", 0x10000000)  # another kind of namespace than it is
    found = await probe(data)
    assert (found.name, found.networks) == ("bubblewrap", ("none", "host"))
    assert "'proxy' cannot be had" in found.reason
    assert "terminals.network" in found.refusal("proxy")


async def test_a_sandbox_whose_walls_do_not_stand_is_found_out(data: Path) -> None:
    """The same checks where there is no sandbox at all: what an ordinary user may not do anyway proves nothing."""
    walls = CHECKS if IS_ROOT else [wall for wall in CHECKS if wall not in ("system", "kernel")]
    with pytest.raises(SandboxUnavailable, match=f"from: {', '.join(walls)}$"):
        await check(OFF, data)


async def test_a_folder_above_that_shuts_tenants_out_is_no_level_at_all(data: Path) -> None:
    if not IS_ROOT:
        pytest.skip("only a tenant with an OS uid of their own can be shut out")
    inner = data / "users"
    data.chmod(0o700)
    found = await probe(inner)
    assert found.name == "none"
    assert "chmod o+x" in found.reason


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ("bwrap: setting up uid map: Permission denied", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: No permissions to create new namespace", "user.max_user_namespaces"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "AppArmor profile"),
        ("/usr/bin/bwrap is not there", "apt-get install bubblewrap"),
        ("bwrap: Unknown option --disable-userns", "0.8 or newer"),
    ],
)
def test_what_bubblewrap_says_leads_to_what_helps(complaint: str, advice: str) -> None:
    assert advice in way_out(complaint)


def test_each_level_says_what_it_promises_and_what_not() -> None:
    assert [level.name for level in LEVELS] == ["bubblewrap", "landlock", "none", "off"]
    for level in LEVELS:
        for sentence in (level.promise, *level.gaps):
            assert sentence.endswith(".")
    assert all(level.gaps for level in (ISOLATED, WEAKER, OFF))
    assert "proxy" in WEAKER.refusal("proxy")
    assert "none" in WEAKER.refusal("proxy")
    assert NONE.networks == ()
    assert PROBE_UIDS[-1] < BASE
