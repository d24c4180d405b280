"""`skill` and `run_slash_command`: the model gets the text it asked for, or the names that there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.coder.tool import Action, ToolError
from extensions.coder.tools.run_slash_command import TOOL as COMMAND
from extensions.coder.tools.skill import TOOL as SKILL
from tests.extensions.coder.conftest import lay
from tests.extensions.coder.repository import FILES
from tests.extensions.coder.uses import Using, done, planned
from tests.people import people

pytestmark = pytest.mark.anyio


@pytest.fixture
async def use(tmp_path: Path) -> AsyncIterator[Using]:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("roost.coder"):
            await lay(FILES)
            yield Using()


async def test_a_skill_gives_its_text_and_the_names_of_its_files(use: Using) -> None:
    plan = await planned(SKILL, use, skill="migrate", args="users table")
    assert plan.actions == (Action("free"),)
    text = (await plan.act()).text
    assert text.startswith("Skill: migrate\nDescription: Write and check a database migration\n")
    assert "Arguments: users table" in text
    assert "Other files of it: template.sql" in text
    assert text.endswith("\n\nRead template.sql, then write the migration.")


async def test_a_skill_of_another_mode_is_none(use: Using) -> None:
    with pytest.raises(ToolError, match="there is no 'trace'; there are: greet, migrate"):
        await done(SKILL, use, skill="trace")


async def test_a_command_gives_what_it_stands_for(use: Using) -> None:
    text = (await done(COMMAND, use, command="/release", args="2.0")).text
    assert "It is meant for the mode code" in text
    assert '<command name="release">\nDescription: Prepare a release\n\nArguments: 2.0\n\nWrite the' in text
    assert text.endswith("</command>")


async def test_a_command_that_is_none_names_those_that_are(use: Using) -> None:
    with pytest.raises(ToolError, match="there is no 'deploy'; there are: init, release, tidy"):
        await done(COMMAND, use, command="deploy")
