"""Known inputs and answers of other agents, where their folder is beside the project."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "cases"


def cases(name: str, *ops: str, apart: Collection[int] = ()) -> list[Any]:
    """The cases of a suite as pytest parameters, of those operations, without those known to differ."""
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(f"the shared cases are not at {path}"))]
    found = [case for case in json.loads(path.read_text())["cases"] if not ops or case["op"] in ops]
    return [pytest.param(case, id=f"{case['op']}-{case['id']}") for case in found if case["id"] not in apart]
