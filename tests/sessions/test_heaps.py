"""A host's threads share few heaps of the C library, so that memory which ended sessions leave is used again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, tempfile, threading
from sessions.heaps import give_back_memory, keep_few_heaps
if sys.argv[1] == "few":
    keep_few_heaps()
c = ctypes.CDLL(None)
c.malloc.restype = c.fopen.restype = ctypes.c_void_p
meeting = threading.Barrier(8)
def allocate():
    c.malloc(1_000)
    meeting.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back_memory()
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(c.fopen(file.name.encode(), b"w"))
    c.malloc_info(0, stream)
    c.fclose(stream)
    print(file.read().count(b"<heap nr="))
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another C library than glibc")
def test_eight_threads_share_two_heaps_where_each_would_have_one() -> None:
    assert heaps("few") == 2 < heaps("many")
