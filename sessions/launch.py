"""What starts a sandbox, in each of its forms: a command line and what that inherits. Nothing is started here."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

from sessions import jail, landlock
from sessions.jail import Arguments, Network, World, environment
from sessions.limits import Limits
from sessions.spare import PARKED
from sessions.supervisor import LAST, script, shell

Form = Literal["bubblewrap", "landlock", "none"]

BUBBLEWRAP = "/usr/bin/bwrap"
SETPRIV = "/usr/bin/setpriv"
DROP = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
ENTER = 'echo 0 >"$1" || exit 125; shift; exec "$@"'
"""Puts itself into the cgroup whose `cgroup.procs` is its first argument, then becomes what follows."""

BENEATH = '"$@"; exit'
"""Stays above the supervisor: one that led its session would get each terminal that it opens as its own."""


@dataclass(slots=True)
class Launch:
    """A command line; `given` holds what it inherits, and `info` of that is a file where it tells its first pid.

    A file and no pipe: bubblewrap that writes to a pipe without a reader, as of a host that was just killed, dies
    between two steps and leaves a process that waits for ever.
    """

    argv: list[str]
    given: Arguments
    info: int


def prepare(world: World, form: Form, network: Network, limits: Limits | None, cgroup: str | None) -> Launch:
    """Everything ready to start. Opens folders: call it in a thread. `cgroup` is the file to write its pid to."""
    given = Arguments()
    try:
        info = given.content(b"")
        argv = _argv(world, form, network, limits, given, info, accounted=cgroup is not None)
    except BaseException:
        given.close()
        raise
    enter = [shell(), "-c", ENTER, "sh", cgroup] if cgroup else []
    return Launch([*enter, *argv], given, given.fds[0])


def _argv(
    world: World, form: Form, network: Network, limits: Limits | None, given: Arguments, info: str, accounted: bool
) -> list[str]:
    env = environment(world, network, own=form == "bubblewrap")
    supervisor = [shell(), "-c", script(limits, env, PARKED) + (LAST if form == "none" else "")]
    beneath = [shell(), "-c", BENEATH, "sh", *supervisor]
    if form == "none":
        return [SETPRIV, "--pdeathsig=KILL", "--", *beneath]
    if form == "landlock":
        plan = landlock.plan(world, beneath, accounted)
        return [sys.executable, "-I", "-S", landlock.__file__, given.content(plan)]
    jail.bubblewrap(world, network, accounted, given)
    given.add("--info-fd", info)
    words = given.content(b"".join(os.fsencode(word) + b"\0" for word in given.words))
    owner = world.owner
    drop = ["--no-new-privs"] if owner is None else [f"--reuid={owner}", f"--regid={owner}", *DROP]
    return [SETPRIV, *drop, "--", BUBBLEWRAP, "--args", words, "--", *supervisor]
