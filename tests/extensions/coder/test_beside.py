"""What an agent does with calls that have megabytes of arguments holds up nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.coder import agent, consent, executor
from extensions.coder.tools import write_to_file
from sessions import beside
from tests.extensions.coder.scripted import Model, agents
from tests.threads import is_beside, watched

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


async def test_the_arguments_of_large_calls_are_read_shown_and_compared_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "QUICK", 0)  # so that any call is a large one
    looked_at = [(agent, "bounded"), (consent, "bounded"), (consent, "digest"), (executor, "bounded"),
                 (executor, "digest"), (executor, "fitted"), (executor, "named"),
                 (write_to_file, "is_whole")]  # fmt: skip
    threads = watched(monkeypatch, looked_at)
    model = Model(main=[("write_to_file", {"path": "a", "content": "b\n"}), DONE])
    async with agents(tmp_path, model) as agent_of:
        ada = agent_of("ada")
        task = await ada.task()
        await ada.decide(task)
        await ada.until(task, "completed")
    assert is_beside(threads, len(looked_at))
