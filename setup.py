"""Puts the page's bundle into the wheel: made before the files are gathered. All else is in pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPage(build_py):
    """As always, after the page was made; an editable install leaves that to `make`."""

    def run(self) -> None:
        if not self.editable_mode:
            subprocess.run([sys.executable, Path(__file__).parent / "host/web/build.py"], check=True)
        super().run()


setup(cmdclass={"build_py": BuildWithPage})
