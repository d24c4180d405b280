"""What the command asks of its process, measured in one of its own: it is for good."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

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
