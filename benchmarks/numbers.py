"""README's numbers and docs/numbers.md, written from the figures that are kept in benchmarks/results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks import charts
from benchmarks.figures import Row, shown, spread
from benchmarks.knee import knee
from benchmarks.peers import IDLE, READY
from benchmarks.report import FOLDER, RESULTS, Run, load

ROOT = FOLDER.parent
README, PAGE = ROOT / "README.md", ROOT / "docs/numbers.md"
PLOTS = ROOT / "docs/images/numbers"
QUICK, LONG, PEERS = RESULTS / "quick.json", RESULTS / "long.json", RESULTS / "peers.json"

HEADLINES: dict[str, tuple[str, ...]] = {
    "rpc": (r"session\.ping on 500 sockets",),
    "connect": (r"connect to ready, a new user, p50",),
    "memory": (r"memory of (an idle|a working) user", r"memory of the empty host"),
    "store": (r"1 users x 32 updates under way",),
    "search": (r"a text that 1 file in 100 has.*",),
    "agent": (r".*step.*",),
    "crowd": (r"messages to somebody they were not for", r"echo, p99"),
    "lives": (r"kill -9.*: lost or half-written", r"kill -9 with .*"),
    "models": (r"the first word, of 300 ms.*",),
    "shells": (r"a user's first terminal.*", r"a further one", r"memory of one of .*"),
    "terminals": (r"`cat` of .*", r"echo of a key, median", r"echo beside 4 floods, p99"),
}
"""Which rows README shows, as full matches of what they are called; docs/numbers.md has all."""

FLOORS = {
    "rpc": "a bare Starlette echo",
    "connect": "the same echo",
    "memory": "a bare socket",
    "store": "SQLite at FULL, one by one",
    "search": "`rg`",
    "agent": "the bare SDK",
    "lives": "a host of nobody",
    "models": "the bare SDK, or alone",
    "shells": "`openpty` and bash",
    "terminals": "a bare PTY bridge",
}
"""What README names the floors."""

ROW = "| what | Roost | floor | ratio (lowest to highest) | promised |\n| --- | --- | --- | --- | --- |"


def write() -> None:
    """Both pages and the plots, and no plot that is no more."""
    made = written()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in set(PLOTS.iterdir()) - made.keys():
        path.unlink()


def written() -> dict[Path, str]:
    """What is to be in each file, from what is kept."""
    quick, long = load(QUICK), load(LONG)
    page = between(PAGE.read_text(), "quick", tables(quick))
    page = re.sub(r"\*\*The knee is.*?(?=\n\n)", lambda old: knee(quick) or old[0], page, flags=re.DOTALL)
    page = between(page, "long", tables(long))
    plots = pictures(quick) | {f"long-{name}": svg for name, svg in pictures(long).items()}
    return {
        README: between(README.read_text(), "numbers", f"{readme(quick)}\n\n{beside(load(PEERS))}".rstrip()),
        PAGE: between(page, "peers", peers(load(PEERS))),
        **{PLOTS / name: svg for name, svg in plots.items()},
    }


def between(text: str, name: str, new: str) -> str:
    """The page with `new` where its marks of that name are. Raises ValueError where they are not there."""
    begin, end = f"<!-- {name}: written by `python -m benchmarks --readme` -->", f"<!-- {name}: end -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the marks {begin!r} and {end!r} are missing")
    return f"{head}{begin}\n{new}\n{end}{tail}"


def readme(run: Run) -> str:
    """The headlines, one table."""
    lines = [ROW]
    for name, patterns in HEADLINES.items():
        rows = run["benchmarks"].get(name, {}).get("rows", [])
        for pattern in patterns:
            lines += [_line(name, row) for row in rows if re.fullmatch(pattern, row["what"])]
    return "\n".join([where(run), "", *lines])


def tables(run: Run) -> str:
    """A table a benchmark, with what it measures, and when that was done."""
    parts = [where(run)]
    for name, one in run["benchmarks"].items():
        note = f"Measured {_when(one)}, in {one['took_s']:.0f} s."
        broken = f" **It broke: {one['error']}.**" if "error" in one else ""
        parts += [f"### {name}", f"{about(name)} {note}{broken}"]
        if one["rows"]:
            parts.append("\n".join([ROW, *(_line("", row) for row in one["rows"])]))
    return "\n\n".join(parts)


def peers(run: Run) -> str:
    """A column a peer and a row a figure, with how each was taken; those that could not be, and what they want."""
    taken = _taken(run)
    whats = dict.fromkeys(what for rows in taken.values() for what in rows)
    lines = [f"| | {' | '.join(taken)} |", "| --- |" + " --- |" * len(taken)] if taken else []
    lines += [f"| {what} | {' | '.join(_peer(rows.get(what)) for rows in taken.values())} |" for what in whats]
    notes = [
        f"- **{name} {one['version']}** (`{one['install']}`), {_when(one)}: {one['how']}."
        if one["rows"]
        else f"- **{name}** could not be measured: {one['missing'].rstrip('.')}. It wants `{one['install']}`."
        for name, one in run["benchmarks"].items()
    ]
    return "\n".join([where(run), "", *lines, "", *notes])


def beside(run: Run) -> str:
    """What one more user costs at the peers and here, in a sentence; nothing where one of both was not taken."""
    taken = _taken(run)
    ours = next((rows for who, rows in taken.items() if who.startswith("Roost ")), None)
    theirs = {who: rows for who, rows in taken.items() if rows is not ours}
    if ours is None or not theirs:
        return ""

    def span(what: str) -> str:
        found = sorted((rows[what] for rows in theirs.values()), key=lambda row: float(row["ours"]))
        low, high = found[0], found[-1]
        return _held(low) if low is high else f"{_held(low)} to {_held(high)}"

    return (
        f"At {', '.join(theirs)}, which give each user a server of their own, one more user holds {span(IDLE)} "
        f"before they do anything and can work after {span(READY)}; here {_held(ours[IDLE])} and {_held(ours[READY])}. "
        "[How that was taken](docs/numbers.md#peers), and their terminals."
    )


def _taken(run: Run) -> dict[str, dict[str, Row]]:
    """Each peer that was measured with its version, and its rows by what they are called."""
    every = run["benchmarks"].items()
    return {f"{name} {one['version']}": {row["what"]: row for row in one["rows"]} for name, one in every if one["rows"]}


def _peer(row: Row | None) -> str:
    """A figure with its rounds' lowest and highest; a dash where that peer has no such thing."""
    if row is None:
        return "–"
    rounds = spread(row)
    return _held(row) + (f" ({rounds})" if rounds else "")


def _held(row: Row) -> str:
    """A figure with its unit: much memory in MiB."""
    large = row["unit"] == "KiB" and row["ours"] >= 10_240
    return f"{shown(row['ours'] / 1024)} MiB" if large else f"{shown(row['ours'])} {row['unit']}"


def about(name: str) -> str:
    """The docstring of a benchmark, as one paragraph."""
    for source in (FOLDER / f"bench_{name}.py", FOLDER / f"{name}.py"):  # the soak is no part of `make bench`
        if source.exists() and (found := re.match(r'"""(.*?)"""', source.read_text(), re.DOTALL)):
            return " ".join(found[1].split())
    return ""


def where(run: Run) -> str:
    """On what, with what and of what: one sentence."""
    machine, versions = run["machine"], run["versions"]
    kept = run["benchmarks"].values()
    commits = dict.fromkeys(one["commit"] for one in sorted(kept, key=lambda one: one["date"]))
    dates = sorted({one["date"][:10] for one in kept})
    loads = [load for one in kept for load in one["load"]]
    system = f"{machine['cores']} cores of {machine['cpu'] or 'an unnamed processor'}, {machine['memory_GiB']} GiB"
    taken = f", {_span(dates)}, of {', '.join(commits)}, load {min(loads)} to {max(loads)}" if loads else ""
    return f"{system}, {machine['system']} {machine['kernel']}, Python {versions['python']}{taken}."


def pictures(run: Run) -> dict[str, str]:
    """File names and SVGs: how near all bars are, and each benchmark's own."""
    judged = [
        row | {"what": f"{name}: {row['what']}"}
        for name, one in run["benchmarks"].items()
        for row in one["rows"]
        if row["bar"]
    ]
    made = {"promises.svg": charts.distances("Every promise: how near its limit", judged)} if judged else {}
    for name, one in run["benchmarks"].items():
        made |= charts.plots(name, one["rows"])
    return made


def _line(name: str, row: Row) -> str:
    what = f"{name}: {row['what']}" if name else row["what"]
    ours = f"{shown(row['ours'])} {row['unit']}".strip()
    floor = f"{shown(row['floor'])} {row['unit']}".strip() if row["floor"] is not None else ""
    floor = f"{floor} ({FLOORS[name]})" if floor and name in FLOORS else floor
    rounds = spread(row)
    ratio = shown(row["ratio"]) + (f" ({rounds})" if rounds and row["ratio"] is not None else "")
    missed = ", **missed**" if row["verdict"] == "misses" else ""
    return f"| {what} | {ours} | {floor} | {ratio} | {row['bar']}{missed} |".replace("  ", " ")


def _when(one: dict[str, Any]) -> str:
    return f"{one['date'][:16].replace('T', ' ')} UTC at {one['commit']}"


def _span(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}" if values else ""
