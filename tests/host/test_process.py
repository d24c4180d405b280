"""What the command asks of its process, measured in one of its own: it is for good."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from host.process import tune
tune()
print(json.dumps([resource.getrlimit(resource.RLIMIT_NOFILE), sys.getswitchinterval()]))
"""


def test_the_loop_waits_half_a_millisecond_for_the_interpreter_and_descriptors_are_all_there_are() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    (soft, hard), switch = json.loads(done.stdout)
    assert soft == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert round(switch, 6) == 0.0005


ANEW = """
import os, sys
from host.process import begin_uncached
print(os.getpid(), os.environ.get("GLIBC_TUNABLES"), sys.argv[1:], flush=True)
begin_uncached()
"""


@pytest.mark.skipif("glibc" not in str(platform.libc_ver()), reason="another C library than glibc")
def test_the_program_begins_anew_once_as_the_same_process_where_its_threads_would_keep_memory() -> None:
    def lines(**environ: str) -> list[list[str]]:
        command = [sys.executable, "-c", ANEW, "a b", "--c"]
        plain = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
        done = subprocess.run(command, env=plain | environ, capture_output=True, text=True, check=True)
        return [line.split(" ", 2) for line in done.stdout.splitlines()]

    (pid, none, given), (again, uncached, same) = lines()
    assert pid == again
    assert (none, uncached) == ("None", "glibc.malloc.tcache_count=0")
    assert given == same == "['a b', '--c']"
    ((_, kept, _),) = lines(GLIBC_TUNABLES="glibc.malloc.perturb=1")
    assert kept == "glibc.malloc.perturb=1", "it is the operator's"
