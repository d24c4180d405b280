"""What a benchmark hands back: figures beside their floors, with the spread of their rounds. It measures nothing."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]
"""{what, unit, ours, floor, ratio, spread, bar}: what Roost does, what the bare floor does in the same moments, ours by
floor as the rounds' median, and the lowest and highest of the rounds. A bar such as `<= 1.8` is about the ratio where
there is one; a bar with a unit (`<= 60 KiB`) is always about ours. `points` are `{series: [[x, y], …]}` for a plot,
with `axes` their names."""

EMPTY: Row = {"floor": None, "ratio": None, "spread": None, "bar": ""}


def figure(what: str, unit: str, ours: float | Sequence[float], bar: str = "") -> Row:
    """A figure that has no floor: one value, or one a round."""
    rounds = list(ours) if isinstance(ours, Sequence) else [ours]
    spread = [min(rounds), max(rounds)] if len(rounds) > 1 else None
    return EMPTY | {"what": what, "unit": unit, "ours": statistics.median(rounds), "spread": spread, "bar": bar}


def paired(what: str, unit: str, pairs: Iterable[tuple[float, float]], bar: str = "") -> Row:
    """Rounds of `(ours, floor)`, each measured in the same moments: their median, and the spread of the ratios."""
    rounds = list(pairs)
    ratios = [ours / floor for ours, floor in rounds]
    return {
        "what": what,
        "unit": unit,
        "ours": statistics.median(ours for ours, _ in rounds),
        "floor": statistics.median(floor for _, floor in rounds),
        "ratio": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)] if len(ratios) > 1 else None,
        "bar": bar,
    }


def apart(what: str, unit: str, ours: Sequence[float], floor: Sequence[float], bar: str = "") -> Row:
    """Ours and the floor of the same minutes but not round by round: their medians, and our rounds by the floor's."""
    bare = statistics.median(floor)
    row = figure(what, unit, ours, bar)
    spread = [one / bare for one in row["spread"]] if row["spread"] else None
    return row | {"floor": bare, "ratio": row["ours"] / bare, "spread": spread}


def growth(what: str, unit: str, points: Sequence[tuple[float, float]], size: str, bar: str = "") -> Row:
    """How a cost grows with a size: the exponent of the fit, 1 where it is linear, and the points for a plot."""
    row = figure(f"{what}: exponent by {size}", "", exponent(points), bar)
    return row | {"points": {what: [list(point) for point in points]}, "axes": [size, unit]}


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """b of `y = a * x ** b`, by least squares over the logarithms."""
    return statistics.linear_regression(
        [math.log(x) for x, _ in points], [math.log(max(y, 1e-9)) for _, y in points]
    ).slope


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of them (0.99) stay under; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def verdict(row: Row) -> str:
    """`holds`, `misses`, or nothing for a row without a bar."""
    if not (bar := row["bar"]):
        return ""
    sign, limit, _ = parts(bar)
    found = measured(row)
    holds = found <= limit if sign == "<=" else found >= limit
    return "holds" if holds else "misses"


def measured(row: Row) -> float:
    """What its bar is about: the ratio where there is one, and ours where the bar has a unit."""
    *_, unit = parts(row["bar"])
    return float(row["ours"] if unit or row["ratio"] is None else row["ratio"])


def parts(bar: str) -> tuple[str, float, str]:
    """`<= 60 KiB` as its sign, its limit and its unit."""
    match = re.fullmatch(r"(<=|>=) ([\d.]+) ?(.*)", bar)
    if match is None:
        raise ValueError(f"bar: must be like '<= 1.8' or '>= 60 KiB', not {bar!r}")
    return match[1], float(match[2]), match[3]


def distance(row: Row) -> float:
    """How near a row is to its bar: 1 is just held, less is better; for a row with a bar."""
    sign, limit, _ = parts(row["bar"])
    found = measured(row)
    if limit == 0 or found == 0:
        return 0.0 if verdict(row) == "holds" else 2.0
    return found / limit if sign == "<=" else limit / found


def shown(value: float | None) -> str:
    """A figure as it is read: no more digits than mean something."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def spread(row: Row) -> str:
    """The lowest and the highest of the rounds; nothing where there was one."""
    return " to ".join(map(shown, row["spread"] or ()))
