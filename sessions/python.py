"""Python for programs of extensions in a user's sandbox, and the packages that they find there. It starts nothing."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.jail import TOOLS

if TYPE_CHECKING:
    from sessions.sandbox import Sandbox

PACKAGES = ("pypdf",)
"""What such programs may import beside the standard library, where the host has it: plain Python, needing nothing."""

PLACE = "python"
"""Among the tools that sandboxes have from the host: a folder for each package and version."""

BOOT = """
import json, sys
from importlib.util import spec_from_loader
main, *places = sys.argv[1:]
sys.path[:0] = places
sources = json.loads(sys.stdin.buffer.readline())
folders = {name[:at] for name in sources for at in range(len(name)) if name[at] == "."}

class Sent:
    def find_spec(self, name, path=None, target=None):
        if name in sources or name in folders:
            return spec_from_loader(name, self, is_package=name in folders)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(sources.get(module.__name__, ""), module.__name__, "exec"), module.__dict__)

sys.meta_path.insert(0, Sent())
__import__(main)
sys.exit(sys.modules[main].main())
"""
"""Reads the modules of a program as the first line of its input, in JSON by their names; the rest is the program's."""


def provide(tools: Path) -> None:
    """Put the packages into the folder of the tools; those that the host lacks are left out. It blocks."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            continue
        target = tools / PLACE / f"{name}-{_version(name)}"
        if target.is_dir():
            continue
        for old in (tools / PLACE).glob(f"{name}-*"):
            shutil.rmtree(old)
        fresh = target.with_name(f"{target.name}.new")
        shutil.copytree(spec.submodule_search_locations[0], fresh / name)  # times too: what was compiled stays good
        for one in (fresh.parent, fresh):
            one.chmod(0o755)
        fresh.rename(target)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "0"


def command(sandbox: Sandbox, main: str) -> list[str]:
    """What to start in that sandbox for the program whose module `main` has a function `main`. It blocks."""
    tools = sandbox.world.tools
    if sandbox.level.form == "none":
        return [sys.executable, "-I", "-c", BOOT, main]
    seen = TOOLS if sandbox.level.form == "bubblewrap" else str(tools)
    found = sorted((tools / PLACE).glob("*-*")) if tools is not None else []
    return ["python3", "-I", "-c", BOOT, main, *(f"{seen}/{PLACE}/{one.name}" for one in found if one.suffix != ".new")]
