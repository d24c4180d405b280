"""The example `legacy_extension`, written for one user: its own tests pass for one, and for twenty at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.client import connect, running
from tests.screens import passable

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "legacy_extension"
FOLDERS = f'["{EXAMPLE}"]'
SUITE = (EXAMPLE / "suite" / "cases.py").read_text().count("async def test_")
MANY = 20


async def results(base: str, uid: str | None) -> dict[str, str]:
    """Run the extension's tests as a user; the name of each -> how it ended."""
    async with connect(base, uid) as client:
        client.patience = 240
        await client.call("session.open")
        told: dict[str, str] = await client.call("commands.executeCommand", command="reminders.runTests")
        return told


def failures(told: dict[str, str]) -> str:
    assert len(told) == SUITE > 10
    return "\n".join(f"{name}: {text}" for name, text in told.items() if text != "passed")


async def test_its_tests_pass_for_one_user_on_their_own_machine(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with running(
        tmp_path / "data", "--workspace", str(tmp_path / "work"), MULTI_USER="0", ROOST_EXTENSIONS__FOLDERS=FOLDERS
    ) as host:
        failed = failures(await results(host.base, None))
        assert not failed, failed
        assert sorted(path.name for path in (tmp_path / "work").glob("*.py")) == ["code.py"]


async def test_its_tests_pass_unchanged_for_twenty_users_at_once() -> None:
    with passable() as folder, running(folder / "data", ROOST_EXTENSIONS__FOLDERS=FOLDERS) as host:
        everybody = await asyncio.gather(*(results(host.base, f"user{number}") for number in range(MANY)))
        failed = [text for told in everybody if (text := failures(told))]
        assert not failed, failed[0]
        assert "disabled" not in host.log.read_text()
