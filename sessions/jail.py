"""What a sandboxed process may see: described once, said as bubblewrap's arguments or as Landlock's rules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from sessions import seccomp
from sessions.program import FIRST

Network = Literal["proxy", "none", "host"]

SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Beside /usr: links into it on most systems, folders on others."""

SETTINGS = (
    "alternatives", "crypto-policies", "java-17-openjdk", "java-21-openjdk", "ld.so.cache", "pki/ca-trust",
    "pki/tls/certs", "ssl/certs",
)  # fmt: skip
"""The parts of /etc that programs need and that hold no secret: not pip.conf, npmrc or gitconfig, which may."""

COPIED = ("bash.bashrc", "inputrc", "localtime", "os-release", "profile", "protocols", "services", "ssl/openssl.cnf")
"""Small files of it: to copy one costs a sandbox less than to mount it."""

COPIED_BYTES = 64 << 10
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
SHARED_MEMORY_BYTES = 64 << 20
PROXY_PORT = 3128
RUN = "/run/roost"
TOOLS = "/opt/roost"
CONNECT = "/etc/ssh/proxy-connect"
CONNECT_SCRIPT = b"""#!/bin/bash
# ssh's ProxyCommand HOST PORT: a tunnel through the egress proxy, with nothing but bash and cat.
host=$1; case $host in *:*) host="[$host]";; esac
exec 3<>/dev/tcp/127.0.0.1/%d || exit 1
printf 'CONNECT %%s:%%s HTTP/1.1\\r\\nHost: %%s:%%s\\r\\n\\r\\n' "$host" "$2" "$host" "$2" >&3
IFS= read -r status <&3
while IFS= read -r line <&3 && [ "$line" != $'\\r' ]; do :; done
case $status in *' 200 '*) ;; *) cat <&3 >&2; exit 1;; esac
cat <&3 &
exec cat >&3
""" % (PROXY_PORT)


@dataclass(frozen=True, slots=True)
class World:
    """Where one user's processes live.

    `folders` are theirs to write: path inside -> real folder. `run` is a folder of the host's own beside them, for the
    pipes of commands. `owner` is the OS uid that their processes get (the host runs as root) or None (the host's own).
    """

    uid: str
    folders: Mapping[str, Path]
    run: Path
    owner: int | None = None
    home: str = "/home"
    cwd: str = "/workspace"
    tools: Path | None = None

    @classmethod
    def of_user(cls, uid: str, folder: Path, owner: int | None = None, tools: Path | None = None) -> World:
        """That of a user whose files are `folder/root/{workspace,home,tmp}`."""
        folders = {f"/{name}": folder / "root" / name for name in ("workspace", "home", "tmp")}
        return cls(uid, folders, folder / "run", owner, tools=tools)

    def real(self, path: str) -> str:
        """The host's own path for a path inside, for the forms whose processes see the host's paths."""
        for inside, folder in self.folders.items():
            if path == inside or path.startswith(f"{inside}/"):
                return f"{folder}{path[len(inside) :]}"
        return path


def environment(world: World, network: Network, own: bool = True) -> dict[str, str]:
    """What every child gets, and nothing of the host's. `own`: its paths are those of a sandbox with its own mounts."""
    path = f"{TOOLS}/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
    home, temporary = (world.home, "/tmp") if own else (world.real(world.home), world.real("/tmp"))
    known = {"PATH": path, "HOME": home, "USER": world.uid, "LOGNAME": world.uid, "SHELL": "/bin/bash"}
    known |= {"LANG": "C.UTF-8", "TERM": "xterm-256color", "TMPDIR": temporary}
    return known | (_proxied() if network == "proxy" else {})


def _proxied() -> dict[str, str]:
    """Both spellings: curl reads only the lower case one, others only the upper."""
    url = f"http://127.0.0.1:{PROXY_PORT}"
    names = ("http_proxy", "https_proxy")
    proxied = {name: url for low in names for name in (low, low.upper())}
    local = "localhost,127.0.0.1,::1"
    return proxied | {"no_proxy": local, "NO_PROXY": local, "NODE_USE_ENV_PROXY": "1"}


def system_files(world: World, network: Network) -> dict[str, bytes]:
    """The small files under /etc: path inside -> content."""
    user = f"{world.uid}:x:{{}}:{{}}:{world.uid}:{world.home}:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n"
    files = {
        **copies(),
        "/etc/passwd": user.format(1000, 1000).encode(),
        "/etc/group": f"{world.uid}:x:1000:\nnogroup:x:65534:\n".encode(),
        "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    }
    if network != "host":
        files["/etc/hosts"] = b"127.0.0.1 localhost roost\n::1 localhost ip6-localhost\n"
        files["/etc/resolv.conf"] = b"# names are resolved by the egress proxy\n"
    if network == "proxy":
        files["/etc/ssh/ssh_config"] = f"Host *\n    ProxyCommand {CONNECT} %h %p\n".encode()
    return files


@cache
def copies() -> dict[str, bytes]:
    """What there is of `COPIED`, read once a process."""
    paths = [Path("/etc", name) for name in COPIED]
    found = {str(path): path.read_bytes() for path in paths if path.is_file()}
    return {path: data for path, data in found.items() if len(data) <= COPIED_BYTES}


class Arguments:
    """bubblewrap's arguments with the descriptors that they name; close it once bubblewrap has been started.

    They are named by the numbers that `program.start` gives them there.
    """

    __slots__ = ("fds", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.fds: list[int] = []

    def add(self, *words: str) -> None:
        self.words += words

    def content(self, data: bytes) -> str:
        """The number of a descriptor that reads as `data`."""
        fd = os.memfd_create("roost")
        number = self._take(fd)
        os.write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        return number

    def folder(self, path: Path) -> str:
        """The number of a descriptor of a real folder; a link in its place is refused."""
        return self._take(os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))

    def _take(self, fd: int) -> str:
        self.fds.append(fd)
        return str(FIRST + len(self.fds) - 1)

    def close(self) -> None:
        while self.fds:
            os.close(self.fds.pop())


def bubblewrap(world: World, network: Network, accounted: bool, into: Arguments) -> None:
    """Write into `into` what bubblewrap is to be told, the command not included."""
    into.add("--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000")
    into.add("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "roost")
    if network != "host":
        into.add("--unshare-net")
    into.add("--die-with-parent", "--cap-drop", "ALL")
    _system(into, network)
    for path, data in system_files(world, network).items():
        into.add("--perms", "0644", "--file", into.content(data), path)
    if network == "proxy":
        into.add("--perms", "0755", "--file", into.content(CONNECT_SCRIPT), CONNECT)
    _devices(into)
    for inside, real in world.folders.items():
        into.add("--bind-fd", into.folder(real), inside)
    into.add("--ro-bind-fd", into.folder(world.run), RUN)
    if world.tools is not None:
        into.add("--ro-bind-fd", into.folder(world.tools), TOOLS)
    into.add("--remount-ro", "/", "--chdir", world.cwd)
    into.add("--seccomp", into.content(seccomp.program(accounted=accounted)))


def _system(into: Arguments, network: Network) -> None:
    into.add("--ro-bind", "/usr", "/usr")
    for name in SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            into.add("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            into.add("--ro-bind", str(path), str(path))
    for name in (*SETTINGS, *(("resolv.conf", "hosts", "ssh/ssh_config") if network == "host" else ())):
        into.add("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    into.add("--dir", "/var", "--symlink", "/tmp", "/var/tmp")


def _devices(into: Arguments) -> None:
    """Every tmpfs has a size, and all but the user's shared memory is read-only in the end."""
    into.add("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev")
    into.add("--perms", "1777", "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm")
    into.add("--remount-ro", "/dev")


def landlock(world: World) -> Iterator[tuple[str, Literal["read", "write", "device"]]]:
    """The real paths that a process may open where there are no mounts of its own, and for what."""
    yield from ((path, "read") for path in ("/usr", *(f"/{name}" for name in SYSTEM)))
    yield from ((f"/etc/{name}", "read") for name in (*SETTINGS, *COPIED, "passwd", "group", "nsswitch.conf"))
    yield from ((f"/dev/{name}", "device") for name in (*DEVICES, "pts"))
    yield from ((str(path), "write") for path in world.folders.values())
    yield str(world.run), "device"
    if world.tools is not None:
        yield str(world.tools), "read"
