"""What agents use of VS Code's API, and what of it is here: `census.toml` read, and its page. `python -m shim.census`.

The counts are of three open-source coding agents' code (Roo Code, Cline, Kilo); members that are used twice or more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from shim.absent import MEMBERS

FILE = Path(__file__).with_name("census.toml")
OTHERWISE = Path(__file__).with_name("deviations.toml")
DOCUMENTATION = "https://code.visualstudio.com/api/references/vscode-api"

HEAD = """# VS Code's API, as Roost has it

*Made from `shim/census.toml` and `shim/deviations.toml` by `python -m shim.census`; change those, not this.*

`import shim as vscode`. Names are VS Code's in snake_case, constants in capitals, a keyword gets an underscore, an
object-literal argument becomes keyword arguments. What returns a Thenable there starts at once and may be awaited or
not. What is not here raises `NotSupported` when it is used, and says why. The table has every member that three open-
source coding agents use twice or more; VS Code's documentation, to which each name leads, is what it follows.
"""

DIFFERENT = """
## Where it is different, and why

| what | why | shown by |
|---|---|---|
"""

MORE = """
## Besides

Of what these agents do not use, VS Code's other namespaces, types and events are here by the same rules. Two are not in
VS Code's stable API: `workspace.find_text_in_files(query, ...)`, a proposal there, searches texts by ripgrep in the
user's sandbox (`tests/shim/test_text_search.py`), and `shim.proposed` is Roost's own. These are refused, besides
`comments`, `debug`, `notebooks` and `tests` with their types:

"""

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Deviation(NamedTuple):
    """Where it is different from VS Code on purpose."""

    what: str
    why: str
    test: str
    """The test that shows it, as pytest calls it."""


class Member(NamedTuple):
    """One member of VS Code's API."""

    name: str
    """VS Code's, such as `Uri.fsPath`."""
    here: str
    """What it is called here, such as `Uri.fs_path`; `window.f(x)` is the argument `x` of `window.f`."""
    uses: int
    state: str
    """`real`, `refused` (using it raises `NotSupported`), or `missing`."""
    test: str
    """A file of tests that uses it."""
    reason: str
    """Why it is not real."""

    @property
    def documentation(self) -> str:
        """Where VS Code describes it."""
        return f"{DOCUMENTATION}#{self.name.partition('.')[0]}"


def snake_case(name: str) -> str:
    """`fsPath` as it is called here: `fs_path`."""
    return _WORD.sub("_", name).lower()


def members() -> list[Member]:
    """All of them, the most used first."""
    table = tomllib.loads(FILE.read_text())
    return [_member(name, **row) for name, row in table.items()]


def _member(name: str, uses: int, test: str = "", here: str = "", state: str = "real", reason: str = "") -> Member:
    first, dot, rest = name.partition(".")
    return Member(name, here or first + dot + snake_case(rest), uses, state, test, reason)


def deviations() -> list[Deviation]:
    """All of them."""
    return [Deviation(**row) for row in tomllib.loads(OTHERWISE.read_text())["deviation"]]


def covered(found: Iterable[Member], state: str) -> float:
    """The share of all uses that are of members in a state, from 0 to 1."""
    counted = [(one.uses, one.state) for one in found]
    return sum(uses for uses, own in counted if own == state) / sum(uses for uses, _ in counted)


def page() -> str:
    """The documentation page, in Markdown."""
    found = members()
    share = partial(covered, found)
    lines = [
        HEAD,
        f"{len(found)} members; weighted by use {share('real'):.1%} real, {share('refused'):.1%} refused with a reason,"
        f" {share('missing'):.1%} missing.\n",
        "| VS Code | here | uses | state | shown by |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        state = one.state if not one.reason else f"{one.state}: {one.reason}"
        test = f"`{one.test}`" if one.test else ""
        lines.append(f"| [`{one.name}`]({one.documentation}) | `{one.here}` | {one.uses} | {state} | {test} |")
    refused = (f"- `{name}`: {reason}" for name, reason in MEMBERS.items())
    different = (f"| {one.what} | {one.why} | `{one.test}` |" for one in deviations())
    return "\n".join(lines) + "\n" + DIFFERENT + "\n".join(different) + "\n" + MORE + "\n".join(refused) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
