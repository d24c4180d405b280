"""What is made of large values is made in a thread, and large is told in a moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sessions.beside import beside

pytestmark = pytest.mark.anyio


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
    assert await beside(lambda _: threading.current_thread(), value) is not threading.current_thread()


@pytest.mark.parametrize("value", [None, 1, "a", b"a", [1, 2], {"a": {"b": [True]}}, "x" * 40_000, list(range(400))])
async def test_work_on_a_small_value_is_done_at_once(value: Any) -> None:
    assert await beside(lambda _: threading.current_thread(), value) is threading.current_thread()
