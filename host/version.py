"""Which Roost this is. A checkout that was never installed has no version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("roost")
    except PackageNotFoundError:
        return "0+unknown"
