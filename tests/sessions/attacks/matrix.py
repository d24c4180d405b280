"""The 22 of the matrix: another user's file, the host's secrets, its processes, its sockets, the machine."""

from __future__ import annotations

import os
import socket

from tests.sessions.attacks.calls import TARGETS, call, connects, in_child, matrix, number, seen_in


@matrix
def read_file() -> bool:
    with open(TARGETS["file"], "rb") as file:
        return b"canary" in file.read()


@matrix
def list_folder() -> bool:
    return "secret.txt" in os.listdir(os.path.dirname(TARGETS["file"]))


@matrix
def stat_file() -> bool:
    return os.stat(TARGETS["file"]).st_size > 0


@matrix
def chmod_file() -> None:
    os.chmod(TARGETS["file"], 0o600)


@matrix
def touch_file() -> None:
    os.utime(TARGETS["file"], (1, 1))


@matrix
def set_attribute() -> None:
    os.setxattr(TARGETS["file"], "user.canary", b"1")


@matrix
def chown_file() -> None:
    os.chown(TARGETS["file"], os.geteuid(), -1)


@matrix
def truncate_file() -> None:
    os.truncate(TARGETS["file"], 1000)


@matrix
def enter_folder() -> None:
    here = os.getcwd()
    os.chdir(os.path.dirname(TARGETS["file"]))
    os.chdir(here)


@matrix
def link_file() -> None:
    os.link(TARGETS["file"], os.path.join(TARGETS["own"], f"stolen-{os.getpid()}"))


@matrix
def plant_file() -> None:
    path = os.path.join(os.path.dirname(TARGETS["file"]), f"planted-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


@matrix
def read_key_of_host() -> bool:
    with open(TARGETS["key"], "rb") as file:
        return b"canary" in file.read()


@matrix
def read_environment_of_host() -> bool:
    return seen_in("/proc/[0-9]*/environ", TARGETS["canary"].encode())


@matrix
def read_command_of_host() -> bool:
    return seen_in(f"/proc/{TARGETS['pid']}/cmdline", TARGETS["canary"].encode())


@matrix
def trace_host() -> None:
    in_child(lambda: call(number(101, 117), 0x4206, TARGETS["pid"], 0, 0))  # PTRACE_SEIZE; its end lets go


@matrix
def signal_host() -> None:
    os.kill(TARGETS["pid"], 0)


@matrix
def connect_to_port() -> bool:
    return connects(socket.AF_INET, ("127.0.0.1", TARGETS["port"]))


@matrix
def connect_to_socket() -> bool:
    return connects(socket.AF_UNIX, TARGETS["socket"])


@matrix
def connect_to_abstract_socket() -> bool:
    return connects(socket.AF_UNIX, "\0" + TARGETS["abstract"])


@matrix
def write_sysctl() -> None:
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))


@matrix
def renice_host() -> None:
    os.setpriority(os.PRIO_PROCESS, TARGETS["pid"], 5)


@matrix
def limit_host() -> None:
    import resource

    resource.prlimit(TARGETS["pid"], resource.RLIMIT_NOFILE, resource.prlimit(TARGETS["pid"], resource.RLIMIT_NOFILE))
