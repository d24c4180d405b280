"""In which threads work is done, as tests see it that say what holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest

Threads = dict[str, set[threading.Thread]]


def watched(monkeypatch: pytest.MonkeyPatch, places: Sequence[tuple[ModuleType, str]]) -> Threads:
    """The threads that each of these functions is called in from now on, by its module and name."""
    threads: Threads = {}

    def noted(place: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def look(*given: Any) -> Any:
            threads.setdefault(place, set()).add(threading.current_thread())
            return work(*given)

        return look

    for module, name in places:
        monkeypatch.setattr(module, name, noted(f"{module.__name__}.{name}", getattr(module, name)))
    return threads


def is_beside(threads: Threads, count: int) -> bool:
    """Whether all of so many were called, and none in this thread."""
    return len(threads) == count and threading.current_thread() not in set().union(*threads.values())
