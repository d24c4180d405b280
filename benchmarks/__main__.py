"""`python -m benchmarks [names...]`: everything measured beside its floor and judged; 1 where a bar is missed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import charts, numbers, report

QUICK_LIMIT_S, LIMIT_S = 400.0, 1_500.0
"""What one benchmark may take; one that takes longer is stopped and counts as missed."""


def main() -> int:
    chosen = arguments()
    if chosen.readme:
        numbers.write()
        return 0
    run = report.begun()
    for name in chosen.names or report.names():
        limit = QUICK_LIMIT_S if chosen.quick else LIMIT_S
        run["benchmarks"][name] = report.measure(name, chosen.quick, limit)
    print(report.table(run))
    if chosen.json:
        report.keep(run, chosen.json)
    if chosen.plots:
        charts.write(numbers.pictures(run), chosen.plots)
    if chosen.keep:
        report.keep(run, numbers.QUICK if chosen.quick else numbers.LONG)
        numbers.write()
    return 0 if report.held(run) else 1


def arguments() -> argparse.Namespace:
    """What was asked for on the command line; names that there are not end it with 2."""
    every = report.names()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which ones: {', '.join(every)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under 12 minutes in all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there; what else is in it stays")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw them there, as SVG")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep them in benchmarks/results, and write README's numbers and docs/numbers.md",
    )
    parser.add_argument("--readme", action="store_true", help="measure nothing; write those anew from what is kept")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(every):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
