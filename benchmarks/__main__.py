"""`python -m benchmarks [--quick] [--json FILE] [names...]`: every measurement in one table, a verdict by each bar."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import Any

NAMES = (
    "store",
    "files",
    "rpc",
    "documents",
    "sandbox",
    "shells",
    "terminals",
    "commands",
    "lives",
    "memory",
    "extensions",
    "models",
    "agent",
)
"""In this order: the store looks at this process's own memory, so it goes first."""

Row = dict[str, Any]
"""{what, unit, ours, floor, ratio, spread, bar}: what Roost does, what the bare floor does in the same moments, ours by
floor as the rounds' median, and how far the rounds were apart. A bar such as `<= 1.8` is about the ratio where there is
one; a bar with a unit (`<= 60 KiB`) is always about ours."""


def verdict(row: Row) -> str:
    """`holds`, `misses`, or nothing for a row without a bar."""
    if not (bar := row["bar"]):
        return ""
    sign, limit, unit = re.fullmatch(r"(<=|>=) ([\d.]+) ?(.*)", bar).groups()  # type: ignore[union-attr]
    figure = row["ours"] if unit or row["ratio"] is None else row["ratio"]
    holds = figure <= float(limit) if sign == "<=" else figure >= float(limit)
    return "holds" if holds else "misses"


def measure(name: str, quick: bool) -> list[Row]:
    """The rows of one benchmark, whole and judged."""
    began = time.perf_counter()
    rows = importlib.import_module(f"benchmarks.bench_{name}").run(quick)
    print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return [
        {"benchmark": name, "floor": None, "ratio": None, "spread": None} | row | {"verdict": verdict(row)}
        for row in rows
    ]


def table(rows: list[Row]) -> str:
    """Aligned columns, a blank line between benchmarks."""
    head = ("what", "ours", "floor", "unit", "ratio", "spread", "bar", "verdict")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    for at in range(len(rows) - 1, 0, -1):
        if rows[at]["benchmark"] != rows[at - 1]["benchmark"]:
            lines.insert(at + 1, "")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row["what"],
        _figure(row["ours"]),
        _figure(row["floor"]),
        row["unit"],
        _figure(row["ratio"]),
        _spread(row["spread"]),
        row["bar"],
        row["verdict"],
    )


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _spread(value: float | list[float] | None) -> str:
    """The lowest and the highest of the rounds, or the width of their middle half."""
    return "..".join(map(_figure, value)) if isinstance(value, list) else _figure(value)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which ones: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: under 3 minutes in all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # 5,000 sockets need more than the usual 1,024
    rows = [row for name in chosen.names or NAMES for row in measure(name, chosen.quick)]
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(row["verdict"] == "misses" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
