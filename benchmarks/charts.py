"""Plots as SVG, readable on light and on dark ground: bars against floors, and lines by size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from benchmarks.figures import Row, distance, measured, parts, shown

WIDTH = 840
LABEL = 400
"""Where the words end and the bars begin."""

STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#24292f}.dim{fill:#57606a}.head{font-weight:600;font-size:15px}
.grid{stroke:#8c959f;stroke-opacity:.35}.bar{fill:#2f6fb0}.miss{fill:#b3382c}.limit{stroke:#9a6700;stroke-width:2}
.wire{stroke:#57606a;stroke-width:1.5;fill:none}.line{fill:none;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.bar{fill:#6cb0f5}.miss{fill:#f0776c}
.limit{stroke:#e3b341}.wire{stroke:#9198a1}}
</style>"""

COLORS = ("#2f81d8", "#bf6a12", "#2c974b", "#a457c4", "#c2436b", "#14919b")
"""Of lines: each can be told from the others and read on both grounds; each line has its name beside it as well."""


def plots(name: str, rows: Sequence[Row]) -> dict[str, str]:
    """File names and SVGs of one benchmark: ratios to floors, and a plot for each group of lines that share axes."""
    made = {}
    compared = [row for row in rows if row["ratio"] is not None]
    if compared:
        made[f"{name}.svg"] = ratios(f"{name}: Roost by its floor, median and spread of the rounds", compared)
    axes: dict[tuple[str, str], dict[str, list[list[float]]]] = {}
    for row in rows:
        if "points" in row:
            axes.setdefault(tuple(row["axes"]), {}).update(row["points"])
    for (x, y), lines in axes.items():
        file = "-".join([name, *f"{x} {y}".replace("/", " ").split()]).lower()
        made[f"{file}.svg"] = curves(f"{name}: {y} by {x}", x, y, lines)
    return made


def ratios(title: str, rows: Sequence[Row]) -> str:
    """A bar a row from 0 to its ratio, a whisker over its rounds, and a stroke where its bar lies."""
    limits = {id(row): parts(row["bar"])[1] for row in rows if row["bar"] and not parts(row["bar"])[2]}
    most = max(1.0, *(row["ratio"] for row in rows), *limits.values()) * 1.12
    scale = (WIDTH - LABEL - 70) / most
    body = []
    for number, row in enumerate(rows):
        y = 52 + 26 * number
        body.append(_words(row["what"], y))
        body.append(_bar(y, row["ratio"] * scale, row.get("verdict") == "misses", f"{shown(row['ratio'])}x"))
        if row["spread"]:
            low, high = (LABEL + min(end, most) * scale for end in row["spread"])
            body.append(
                f'<path class="wire" d="M{low:.1f} {y - 4}H{high:.1f}M{low:.1f} {y - 8}v8M{high:.1f} {y - 8}v8"/>'
            )
        if (limit := limits.get(id(row))) is not None:
            body.append(_stroke(LABEL + limit * scale, y))
    one = LABEL + scale
    foot = 52 + 26 * len(rows)
    body.append(f'<path class="grid" d="M{one:.1f} 34V{foot - 10}"/>')
    body.append(f'<text class="dim" x="{one:.1f}" y="{foot + 6}" text-anchor="middle">1x: the floor</text>')
    return _drawing(title, foot + 18, body)


def distances(title: str, rows: Sequence[Row]) -> str:
    """How near each row is to its bar: the stroke is the bar, and what does not reach it holds."""
    scale = (WIDTH - LABEL - 70) / 2
    body = []
    for number, row in enumerate(rows):
        y = 52 + 20 * number
        share = min(2.0, distance(row)) if row["ours"] is not None else 2.0
        note = f"{shown(measured(row))} ({row['bar']})" if row["ours"] is not None else "nothing"
        body.append(_words(row["what"], y))
        body.append(_bar(y, share * scale, row["verdict"] == "misses", note, 12))
    foot = 52 + 20 * len(rows)
    body.append(f'<path class="limit" d="M{LABEL + scale:.1f} 34V{foot - 8}"/>')
    body.append(f'<text class="dim" x="{LABEL + scale:.1f}" y="{foot + 8}" text-anchor="middle">the promise</text>')
    return _drawing(title, foot + 20, body)


def curves(title: str, x_name: str, y_name: str, lines: dict[str, list[list[float]]]) -> str:
    """Lines over two logarithmic axes: what is linear goes up at 45 degrees."""
    points = [point for line in lines.values() for point in line if point[1] > 0]
    left, right, top, foot = 80, WIDTH - 250, 44, 380
    x_at, x_ticks = _axis([x for x, _ in points], left, right)
    y_at, y_ticks = _axis([y for _, y in points], foot, top)
    body = [f'<path class="grid" d="M{x_at(x):.1f} {top}V{foot}"/>' for x in x_ticks]
    body += [f'<path class="grid" d="M{left} {y_at(y):.1f}H{right}"/>' for y in y_ticks]
    body += [_note(x_at(x), foot + 18, _short(x), "middle") for x in x_ticks]
    body += [_note(left - 8, y_at(y) + 4, _short(y), "end") for y in y_ticks]
    body.append(_note((left + right) / 2, foot + 38, x_name, "middle"))
    body.append(_note(left - 66, top - 8, y_name, "start"))
    ends = []
    for number, (name, line) in enumerate(lines.items()):
        color = COLORS[number % len(COLORS)]
        places = [(x_at(x), y_at(y)) for x, y in line if y > 0]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        body.append(f'<path class="line" stroke="{color}" d="M{path}"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in places]
        ends.append((places[-1][1], name, color))
    level = float(top)
    for y, name, color in sorted(ends):  # names stand at their lines' ends, none on another
        level = max(level, y)
        body.append(f'<circle cx="{right + 12}" cy="{level:.1f}" r="4" fill="{color}"/>')
        body.append(f'<text x="{right + 22}" y="{level + 4:.1f}">{escape(_cut(name, 34))}</text>')
        level += 18
    return _drawing(title, int(max(foot + 50, level + 10)), body)


def write(made: dict[str, str], folder: Path) -> None:
    """The plots as files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in made.items():
        (folder / name).write_text(svg)


def _axis(values: Sequence[float], start: float, end: float) -> tuple[Callable[[float], float], list[float]]:
    """Where a value lies between `start` and `end` by its logarithm, and the powers of ten (or 1, 2, 5) between."""
    low, high = math.log10(min(values)), math.log10(max(values))
    if high - low < 0.3:
        low, high = low - 0.2, high + 0.2
    steps = (1,) if high - low > 1.5 else (1, 2, 5)
    every = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    ticks = [tick for tick in every if low - 0.01 <= math.log10(tick) <= high + 0.01]
    return (lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)), ticks


def _bar(y: float, long: float, missed: bool, note: str, high: int = 16) -> str:
    long = max(1.0, long)
    kind = "miss" if missed else "bar"
    return (
        f'<rect class="{kind}" x="{LABEL}" y="{y - high + 4}" width="{long:.1f}" height="{high}" rx="2"/>'
        f'<text class="dim" x="{LABEL + long + 6:.1f}" y="{y + 2}" style="font-size:11px">{escape(note)}</text>'
    )


def _stroke(x: float, y: float) -> str:
    return f'<path class="limit" d="M{x:.1f} {y - 15}v22"/>'


def _words(text: str, y: float) -> str:
    return f'<text x="{LABEL - 8}" y="{y + 2}" text-anchor="end">{escape(_cut(text, 58))}</text>'


def _note(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="dim" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _drawing(title: str, height: int, body: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="{escape(title)}"'
    head = f'<text class="head" x="12" y="20">{escape(title)}</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{STYLE}{head}{"".join(body)}</svg>\n'
