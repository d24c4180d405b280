"""docs/isolation.md says of the levels what the code says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sessions.levels import LEVELS, Level

TEXT = (Path(__file__).parents[2] / "docs" / "isolation.md").read_text()
ORDER = ("bubblewrap", "landlock", "none", "off")


def test_the_table_has_a_column_for_each_level_there_is() -> None:
    header = next(line for line in TEXT.splitlines() if line.startswith("| | "))
    assert re.findall(r"`([a-z]+)`", header) == list(ORDER)
    assert {level.name for level in LEVELS} == set(ORDER)


def test_the_table_names_the_networks_of_each() -> None:
    row = next(line for line in TEXT.splitlines() if line.startswith("| networks "))
    cells = [re.findall(r"`([a-z]+)`", cell) for cell in row.strip("|").split("|")[1:]]
    by_name = {level.name: list(level.networks) for level in LEVELS}
    assert cells == [by_name[name] for name in ORDER]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_each_level_promises_there_what_it_promises_and_admits_what_it_admits(level: Level) -> None:
    section = TEXT.split(f"\n### `{level.name}`\n")[1].split("\n#")[0].strip()
    promise, *gaps = [line for line in section.splitlines() if line]
    assert promise == level.promise
    assert tuple(line.removeprefix("- ") for line in gaps) == level.gaps
