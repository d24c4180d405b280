"""All of them, one after another: `python3 -m tests.sessions.attacks TARGETS` in a folder that holds these modules."""

from __future__ import annotations

import json
import os

from tests.sessions.attacks import calls, kernel, matrix, privileges, reach, sockets, walls

ALL = (matrix, reach, walls, kernel, sockets, privileges)
"""Imported, they are on the lists of `calls`."""

if __name__ == "__main__":
    print(json.dumps(calls.report()), flush=True)
    os._exit(0)
