"""`python -m benchmarks.single NAME [--quick]`: one benchmark in a process of its own; its rows as JSON on stdout.

A process each, so that none sees another's memory, loop or garbage, and one that breaks takes only itself down.
"""

from __future__ import annotations

import importlib
import json
import sys

from host.process import begin_uncached, tune


def main() -> None:
    """Measure, and write the rows as the last line."""
    begin_uncached()
    tune()  # those that hold a host in here measure what `roost serve` is
    rows = importlib.import_module(f"benchmarks.bench_{sys.argv[1]}").run("--quick" in sys.argv)
    print(json.dumps(rows), flush=True)


if __name__ == "__main__":
    main()
