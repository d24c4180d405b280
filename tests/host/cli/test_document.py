"""docs/command-line.md is about the commands that there are, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from host.__main__ import cli

TEXT = (Path(__file__).parents[3] / "docs/command-line.md").read_text()


def test_every_command_is_in_the_table_and_no_other() -> None:
    listed = re.findall(r"^\| `roost (\w+)` \|", TEXT, re.MULTILINE)
    assert listed == list(cli.commands)


@pytest.mark.parametrize("name", cli.commands)
def test_every_option_that_it_names_is_one(name: str) -> None:
    own = {option for param in cli.commands[name].params for option in param.opts}
    known = {option for command in cli.commands.values() for param in command.params for option in param.opts}
    assert all(isinstance(param, click.Parameter) for param in cli.commands[name].params)
    assert own
    assert set(re.findall(r"`(--[a-z-]+)", TEXT)) <= known | {"--help"}


def test_what_speaks_to_a_host_takes_where_and_who() -> None:
    reaching = {name for name, command in cli.commands.items() if any(p.name == "url" for p in command.params)}
    assert reaching == {"sessions", "usage", "attach"}
    for name in reaching:
        variables = {str(param.envvar) for param in cli.commands[name].params if getattr(param, "envvar", None)}
        assert variables == {"ROOST_URL", "ROOST_TOKEN", "ROOST_UID"}
        assert all(variable in TEXT for variable in variables)
