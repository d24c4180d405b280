"""From a user's sandbox nothing of the host or of another user can be reached: every attack is tried, for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sessions import landlock
from sessions.levels import ISOLATED, WEAKER
from tests.sessions.attacked import DOORS, SECONDS, attacked, outside
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, IS_ROOT, NO_BUBBLEWRAP, ROOT, folder

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(2 * SECONDS),
    pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the attacks are written in the system's Python"),
]

ORDINARY = 64_123
"""An OS uid that is nobody's, for the tests that begin as root and go on as an ordinary user."""


@pytest.mark.skipif(not IS_ROOT, reason="shows what root could do without a sandbox")
def test_without_a_sandbox_the_attacks_succeed() -> None:
    with folder() as data:
        found = outside(data)
    assert len(found["matrix"]) == 22
    # What means something inside only, and what a kernel may be built without or have switched off.
    assert set(found["tried"]) - set(found["matrix"]) - set(found["more"]) <= {
        "see_environment_of_supervisor", "write_sysrq", "use_kernel_crypto", "call_as_x32", "use_hypervisor_socket",
        "use_io_uring", "measure_performance",
    }  # fmt: skip


@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
@pytest.mark.parametrize("door", DOORS)
async def test_no_attack_succeeds_from_a_sandbox(door: str) -> None:
    with folder() as data:
        found = await attacked(data, ISOLATED, door)
    assert (found["matrix"], found["more"]) == ([], [])
    assert len(found["tried"]) >= 85


@pytest.mark.skipif(not IS_ROOT, reason="this level needs a host that runs as root")
@pytest.mark.skipif(landlock.abi() < landlock.OLDEST_ABI, reason="this kernel has no Landlock that is new enough")
@pytest.mark.parametrize("door", DOORS)
async def test_no_attack_of_the_matrix_succeeds_where_there_are_no_namespaces(door: str) -> None:
    with folder() as data:
        found = await attacked(data, WEAKER, door)
    assert found["matrix"] == []
    # What is not a wall at this level, and what it says of itself.
    assert set(found["more"]) <= {"see_many_processes"}


def as_ordinary_user(data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the system's Python as an OS user without any rights, on a copy of what it needs."""
    copy = data / "copy"
    for part in ("sessions", "tests/sessions"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests/__init__.py").touch()
    mine = data / "mine"
    mine.mkdir()
    for path in (data, mine):
        os.chown(path, ORDINARY, ORDINARY)
    drop = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--no-new-privs"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(copy), "TMPDIR": str(mine), "HOME": str(mine)}
    return subprocess.run(
        [*drop, "/usr/bin/python3", *command], env=env, capture_output=True, text=True, timeout=SECONDS
    )


@pytest.mark.skipif(not IS_ROOT, reason="begins as root; `test_no_attack_succeeds_from_a_sandbox` is the same without")
@pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)
@pytest.mark.parametrize("door", DOORS)
def test_no_attack_succeeds_from_a_sandbox_of_an_ordinary_user(door: str) -> None:
    """There all tenants have the OS uid of the host itself, so that only the namespaces are between them."""
    with folder() as data:
        done = as_ordinary_user(data, "-m", "tests.sessions.attacked", door)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["inside"]["matrix"] == []
    assert found["inside"]["more"] == []
    # The same calls without a sandbox: all but what only root may.
    assert set(found["inside"]["tried"][:22]) - set(found["outside"]["matrix"]) == {"write_sysctl"}
