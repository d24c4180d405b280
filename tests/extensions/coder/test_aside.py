"""What is made of large values is made in a thread, and large is told in a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from extensions.coder import agent, consent, executor
from extensions.coder.tools import write_to_file
from sessions import aside
from tests.extensions.coder.scripted import Model, agents

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


@pytest.mark.parametrize(
    "value",
    [
        "x" * 60_000,
        list(range(600)),
        {"a": [{"b": list(range(100))} for _ in range(6)]},
        [["x" * 1_000] * 30] * 2,
        {"x" * 60_000: 1},
        {str(at): 0 for at in range(600)},
    ],
)
async def test_work_on_a_large_value_is_done_in_a_thread(value: Any) -> None:
    assert await aside.aside(lambda _: threading.current_thread(), value) is not threading.current_thread()


@pytest.mark.parametrize("value", [None, 1, "a", b"a", [1, 2], {"a": {"b": [True]}}, "x" * 40_000, list(range(400))])
async def test_work_on_a_small_value_is_done_at_once(value: Any) -> None:
    assert await aside.aside(lambda _: threading.current_thread(), value) is threading.current_thread()


async def test_the_arguments_of_large_calls_are_read_shown_and_compared_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "QUICK", 0)  # so that any call is a large one
    threads: dict[str, set[threading.Thread]] = {}

    def noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def look(*given: Any) -> Any:
            threads.setdefault(name, set()).add(threading.current_thread())
            return work(*given)

        return look

    looked_at = [(agent, "bounded"), (consent, "bounded"), (consent, "digest"), (executor, "bounded"),
                 (executor, "digest"), (executor, "fitted"), (executor, "named"),
                 (write_to_file, "is_whole")]  # fmt: skip
    for module, name in looked_at:
        monkeypatch.setattr(module, name, noted(f"{module.__name__}.{name}", getattr(module, name)))
    model = Model(main=[("write_to_file", {"path": "a", "content": "b\n"}), DONE])
    async with agents(tmp_path, model) as agent_of:
        ada = agent_of("ada")
        task = await ada.task()
        await ada.decide(task)
        await ada.until(task, "completed")
    assert len(threads) == len(looked_at)
    assert threading.current_thread() not in set().union(*threads.values())
