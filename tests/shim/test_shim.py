"""`import shim as vscode` has every name, and costs nobody anything heavy."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import shim

COST = """
import asyncio, logging, re, sys
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4
before = resident()
import {module}
print(resident() - before, *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def cost(module: str) -> tuple[int, set[str]]:
    """KiB that importing it adds to a process with a loop, and the packages that are loaded then."""
    command = [sys.executable, "-c", COST.format(module=module)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    kib, *packages = said.stdout.split()
    return int(kib), set(packages)


@pytest.mark.parametrize("name", shim.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(shim, name) is not None


def test_the_types_of_the_api_cost_less_than_eight_megabytes_and_load_nothing_heavy() -> None:
    kib, packages = cost("shim.completions, shim.messages, shim.symbols, shim.task, shim.text, shim.tokens")
    assert kib < 8 * 1024  # the package brings its namespaces, and window brings terminals
    assert not packages & {"pydantic", "orjson", "starlette", "cryptography", "jwt", "keyring", "click", "rich"}


@pytest.mark.parametrize("name", ["", ".env", ".window", ".workspace", ".commands", ".languages", ".tasks", ".l10n"])
def test_what_is_everybodys_cannot_be_assigned_to(name: str) -> None:
    module = import_module(f"shim{name}")
    known = next(one for one in vars(module) if not one.startswith("_"))
    for other in (known, "of_an_extension"):
        with pytest.raises(AttributeError, match="read-only: it is the same for all users"):
            setattr(module, other, "another")
    with pytest.raises(AttributeError, match="read-only"):
        delattr(module, known)
