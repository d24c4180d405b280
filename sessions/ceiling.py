"""What the operator lays down for agents, above every user's settings. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The host's `security.*`; None is no rule."""

    allowed_commands: tuple[str, ...] | None = None
    """Only these may run unasked, whatever users allow."""
    denied_commands: tuple[str, ...] = ()
    """These never run for an agent."""
    allowed_paths: tuple[str, ...] | None = None
    denied_paths: tuple[str, ...] = ()
