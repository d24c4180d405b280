"""What isolation can be had on this machine: the levels as data, and a probe that really starts one."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sessions import jail, landlock
from sessions.errors import RoostError, SandboxUnavailable
from sessions.holder import Holder
from sessions.jail import Network, World
from sessions.launch import BUBBLEWRAP, Form
from sessions.limits import Limits
from sessions.orphans import end_orphans
from sessions.sockets import Fetch
from sessions.tasks import Tasks

PROBE_UIDS = range(190_000, 200_000)
"""The OS uids of probes where hosts are root; tenants begin above them."""

PROBE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Level:
    """A degree of isolation: `promise` and `gaps` are for people to read, `reason` says why it is not a better one."""

    name: str
    form: Form | None
    networks: tuple[Network, ...]
    promise: str
    gaps: tuple[str, ...]
    reason: str = ""

    def refusal(self, network: Network) -> str:
        """Why nothing starts with that network at this level, and the way out."""
        if self.form is None:
            return f"terminals and commands are off: {self.reason}"
        offered = " or ".join(self.networks)
        return f"terminals.network: {network} cannot be had at the isolation level {self.name}; set it to {offered}"


KERNEL = "All users share one kernel: a hole in it is a hole in the wall."
ISOLATED = Level(
    "bubblewrap",
    "bubblewrap",
    ("proxy", "none", "host"),
    "A user's processes see their own files, processes and network, and the system read-only.",
    (
        KERNEL,
        "With the network 'host' they reach the host's own ports and abstract sockets.",
        "Without a cgroup v2 of the host's own, memory is watched each second and CPU is shared by nice only.",
        "Memory that the kernel holds for a process (pipes, sockets) is bounded by counts, not by bytes, without one.",
    ),
)
WEAKER = Level(
    "landlock",
    "landlock",
    ("none",),
    "A user's processes run as an OS user of their own, open only their files and the system's, and have no network.",
    (
        KERNEL,
        "Paths in a shell are the host's own: the workspace is not at /workspace.",
        "Numbers of processes and names of files outside can be seen, though not what they hold.",
        "Programs that need named sockets or /proc do not work (tmux, ps, servers); $TMPDIR takes the place of /tmp.",
        "Memory is watched each second and CPU is shared by nice only.",
    ),
)
OFF = Level(
    "off",
    "none",
    ("host",),
    "Processes run as the user of this machine, as in an editor.",
    ("Anything: what runs here can do all that you can.",),
)
NONE = Level("none", None, (), "Nothing of a user may run; files, state and events work.", ())
LEVELS = (ISOLATED, WEAKER, NONE, OFF)

CHECKS = ("files", "environment", "processes", "system", "kernel", "network")
SCRIPT = r"""
say() { if [ "$1" = 0 ]; then echo "leak $2"; else echo "safe $2"; fi; }
cat "$OTHER" >/dev/null 2>&1; say $? files
cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\)=.*/name \1/p' | sort -u
[ "$(tr '\0' ' ' <"/proc/$HOST/cmdline" 2>/dev/null)" = "$COMMAND" ]; say $? processes
(: >/usr/.roost-probe) 2>/dev/null; say $? system
(exec 3>>/proc/sys/kernel/core_pattern) 2>/dev/null; say $? kernel
bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$PORT" 2>/dev/null; say $? network
"""

INSTALL = (
    "install bubblewrap 0.8 or newer (apt-get install bubblewrap); in a container also allow user namespaces "
    "(docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined)"
)
USER_NAMESPACES = (
    "user namespaces are off here: on Ubuntu either `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or an "
    "AppArmor profile for /usr/bin/bwrap that says `userns,`; elsewhere `sysctl -w user.max_user_namespaces=15000` and "
    "`sysctl -w kernel.unprivileged_userns_clone=1`; in Docker allow them as above"
)


FOLDERS = "let the tenants' OS users pass every folder above the data folder (chmod o+x), or move it to /var/lib/roost"


async def probe(folder: Path) -> Level:
    """The best level that holds on this machine: started for real beneath `folder` and attacked from inside.

    `folder` is where users' folders will be, as what stands above it matters too. `reason` of what it returns tells
    the operator why it is not better and what to do. Takes some 100 ms. What an earlier host left there is ended.
    """
    await asyncio.to_thread(end_orphans, folder)
    reasons: list[str] = []
    for level in (ISOLATED, WEAKER):
        try:
            found = await check(level, folder)
        except (RoostError, OSError) as error:
            reasons.append(f"{level.name}: {error}")
        else:
            return replace(found, reason="; ".join([*reasons, *filter(None, [found.reason, advice(reasons)])]))
    return replace(NONE, reason=f"{'; '.join(reasons)}. {advice(reasons)}")


def advice(reasons: list[str]) -> str:
    return f"The way out: {way_out(reasons[0])}" if reasons else ""


def way_out(complaint: str) -> str:
    """What to do about what bubblewrap said."""
    if "source path" in complaint:
        return FOLDERS
    return f"{INSTALL}; {USER_NAMESPACES}" if "uid map" in complaint or "namespace" in complaint else INSTALL


async def check(level: Level, folder: Path) -> Level:
    """Start a sandbox at that level and try its walls; raises `SandboxUnavailable` naming one that does not stand.

    What is returned has only the networks that work. As one without namespaces ends whatever else has its OS uid, hosts
    that are started at the same time take different ones.
    """
    owner = PROBE_UIDS[os.getpid() % len(PROBE_UIDS)] if os.geteuid() == 0 else None
    await asyncio.to_thread(_look_before, level, owner)
    here = await asyncio.to_thread(_make, folder, owner)
    try:
        async with asyncio.TaskGroup() as group:
            outcome = await _tried(level, here, owner, Tasks(group, lambda name, error: None))
    finally:
        await asyncio.to_thread(shutil.rmtree, here, ignore_errors=True)
    if outcome.problem is not None:
        raise outcome.problem
    _judge(outcome.said)
    if "proxy" in level.networks and outcome.network:
        kept: tuple[Network, ...] = tuple(each for each in level.networks if each != "proxy")
        return replace(level, networks=kept, reason=f"the network 'proxy' cannot be had: {outcome.network}")
    return level


def _look_before(level: Level, owner: int | None) -> None:
    """What can be said more plainly than by trying."""
    if level is ISOLATED and not Path(BUBBLEWRAP).exists():
        raise SandboxUnavailable(f"{BUBBLEWRAP} is not there")
    if level is WEAKER and owner is None:
        raise SandboxUnavailable("it needs a host that runs as root, to give each user an OS uid of their own")
    if level is WEAKER and landlock.abi() < landlock.OLDEST_ABI:
        raise SandboxUnavailable("it needs Landlock as of Linux 6.2")


def _make(folder: Path, owner: int | None) -> Path:
    """A user's place for the probe, and a file of somebody else's beside it that their OS uid could not read anyway."""
    folder.mkdir(parents=True, exist_ok=True)
    here = Path(tempfile.mkdtemp(prefix=".probe-", dir=folder))
    here.chmod(0o711)
    (here / "other").write_text("secret")
    (here / "other").chmod(0o600)
    for real in (*World.of_user("probe", here).folders.values(), here / "run"):
        real.mkdir(parents=True)
        if owner is not None and real.name != "run":
            os.chown(real, owner, owner)
    return here


class Outcome(NamedTuple):
    """What the attacks said, or why there were none; and why sockets inside cannot be had, if so."""

    said: str = ""
    problem: SandboxUnavailable | None = None
    network: str = ""


async def _tried(level: Level, here: Path, owner: int | None, tasks: Tasks) -> Outcome:
    assert level.form is not None
    holder = Holder(World.of_user("probe", here, owner), level.form, "none", Limits(), tasks)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await holder.start()
            said = await _attack(holder, here / "other")
            return Outcome(said, network=await _listen(holder))
    except TimeoutError:
        return Outcome(problem=SandboxUnavailable(f"it took over {PROBE_SECONDS:g} s to try"))
    except SandboxUnavailable as error:
        return Outcome(problem=error)
    finally:
        await holder.close()
        await tasks.close()


async def _listen(holder: Holder) -> str:
    """Why the host cannot listen inside, where the egress proxy would; nothing if it can."""
    network = holder.inside.network
    if network is None:
        return "it has no network of its own"
    try:
        (await Fetch().listener(network, jail.PROXY_PORT)).close()
    except OSError as error:
        return str(error)
    return ""


async def _attack(holder: Holder, other: Path) -> str:
    listener = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    command = await asyncio.to_thread(Path("/proc/self/cmdline").read_bytes)
    targets = {
        "OTHER": str(other),
        "HOST": str(os.getpid()),
        "COMMAND": command.replace(b"\0", b" ").decode(errors="surrogateescape"),
        "PORT": str(listener.sockets[0].getsockname()[1]),
    }
    try:
        process = await holder.start_process(["sh", "-c", SCRIPT], "/", targets, False, False)
        said = await process.stdout.read()
        process.close()
        return said.decode(errors="replace")
    finally:
        listener.close()


def _judge(said: str) -> None:
    lines = said.splitlines()
    given = {*jail.environment(World("", {}, Path()), "none"), "OTHER", "HOST", "COMMAND", "PORT"}
    given |= {"ROOST_COMMAND", "ROOST_SANDBOX", "PWD", "OLDPWD", "SHLVL", "_"}
    names = {line[5:] for line in lines if line.startswith("name ")}
    safe = {line[5:] for line in lines if line.startswith("safe ")} | ({"environment"} if names <= given else set())
    fallen = [wall for wall in CHECKS if wall not in safe]
    if fallen:
        raise SandboxUnavailable(f"it started, but it does not keep its processes from: {', '.join(fallen)}")
