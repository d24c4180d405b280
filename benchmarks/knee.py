"""Where waits begin to grow faster than users who work, and why, in words made of what `growth` measured."""

from __future__ import annotations

import textwrap
from itertools import takewhile

from benchmarks.crew import KINDS
from benchmarks.figures import Row, shown
from benchmarks.report import Run

KNEE_MS = 10.0
"""So much longer than at the size where it is shortest the echo of one in a hundred may take before the knee."""


def knee(run: Run) -> str:
    """Where waits begin to grow faster than users who work, and why; nothing where that was not measured."""
    rows = {row["what"]: row for row in run["benchmarks"].get("growth", {}).get("rows", [])}
    try:
        waits, bare = (_by_users(rows, f"echo, p99, {kinds}") for kinds in ("all in turn", "events"))
        spent, less = (_by_users(rows, f"processor of the host, {kinds}") for kinds in ("all in turn", "events"))
        loop = _by_users(rows, "of which its loop's, all in turn")
        cost = {kinds: shown(rows[f"processor of a request, 200 users, {kinds}"]["ours"]) for kinds in KINDS}
    except KeyError:
        return ""
    shortest, most = min(waits.values()), max(waits)
    good = takewhile(lambda size: waits[size] <= shortest + KNEE_MS, sorted(waits))
    at = max(good, default=min(waits))
    words = f"""**The knee is users who work, not users who are there.** Each asks two things a second: every other is a
        ping, all else files, state and events in turn. With {at:,} of them one echo in a hundred takes
        {shown(waits[at])} ms or more, with {most:,} {shown(waits[most])} ms. The host then uses {shown(spent[at])}
        and {shown(spent[most])} ms of processor a second, {shown(loop[at])} and {shown(loop[most])} of them its
        loop's: a process of Python runs one of its threads at a time, so that 1,000 are about all there are, and near
        them everything waits for its turn. What fills them is what is on the disk, which threads do: where as many
        requests are events alone, {most:,} users use {shown(less[most])} ms, and one echo in a hundred takes
        {shown(bare[most])} ms. A request of 200 users costs {cost["events"]} ms of processor where they ask for
        events, {cost["files"]} for files, {cost["state"]} for state each second and {cost["all in turn"]} for all in
        turn: a `state.db` is closed after two seconds without use, and no more than 256 are open, so who
        writes every few seconds opens it each time."""
    return "\n".join(textwrap.wrap(" ".join(words.split()), 120))


def _by_users(rows: dict[str, Row], what: str) -> dict[int, float]:
    """What was measured of users who work, by how many they were."""
    (points,) = rows[f"{what}: exponent by users who work"]["points"].values()
    return {int(size): value for size, value in points}
