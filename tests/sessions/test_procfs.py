"""Processes as the kernel tells of them, which may end between two looks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sessions import procfs


def test_a_child_that_ends_while_it_is_looked_up_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that was done and waited for just then failed with `ProcessLookupError`."""
    look = os.pidfd_open
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        fd = procfs.open_child(os.getpid(), child.pid)
        assert fd >= 0
        os.close(fd)

        def late(pid: int, flags: int = 0) -> int:
            child.kill()
            child.wait()
            return look(pid, flags)

        monkeypatch.setattr(os, "pidfd_open", late)
        assert procfs.open_child(os.getpid(), child.pid) == -1
