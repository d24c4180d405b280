"""Runs the suite: each test by its name, with what went wrong with it."""

from __future__ import annotations

import asyncio
import traceback

from . import cases


async def run() -> dict[str, str]:
    """The name of each test -> `passed`, or how it failed."""
    results = {}
    for name, test in vars(cases).items():
        if name.startswith("test_"):
            try:
                await asyncio.wait_for(test(), 90)
                results[name] = "passed"
            except Exception:  # noqa: BLE001  as any test runner
                results[name] = traceback.format_exc()
    return results
