"""Files and folders that a command is given."""

from __future__ import annotations

from pathlib import Path

import click

PLACE = click.Path(path_type=Path, readable=False)
"""A path that is not looked at yet: what cannot be read or written is told by who opens it, with the way out."""
