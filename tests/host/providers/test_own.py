"""The providers that users set for themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.providers.own import MOST, NAMESPACE, forget_provider, keep_provider, own_providers
from host.tables import Provider
from sessions.errors import InvalidValue, StoreError
from tests.people import people

pytestmark = pytest.mark.anyio

MINE = Provider(kind="openai", api_key="sk-mine", base_url="https://models.example.org/v1", models=("a", "b"))  # type: ignore[arg-type]


async def test_my_provider_is_mine_alone_and_comes_back_whole(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada, ben = await sessions.open("ada"), await sessions.open("ben")
        await keep_provider(ada, "mine", MINE)
        assert (await own_providers(ada), await own_providers(ben)) == ({"mine": MINE}, {})
        await forget_provider(ada, "mine")
        assert await own_providers(ada) == {}


async def test_my_key_is_in_no_file_as_it_is(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        await keep_provider(await sessions.open("ada"), "mine", MINE)
    files = [path for path in (tmp_path / "users" / "ada").iterdir() if path.is_file()]
    assert files
    assert not [path for path in files if b"sk-mine" in path.read_bytes()]


async def test_one_provider_too_many_is_refused_and_one_more_time_the_same_is_not(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        for number in range(MOST):
            await keep_provider(ada, f"p{number}", MINE)
        with pytest.raises(InvalidValue, match="delete one first"):
            await keep_provider(ada, "more", MINE)
        await keep_provider(ada, "p0", MINE)


async def test_a_provider_that_cannot_be_read_is_named_and_its_key_is_not(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        ada = await sessions.open("ada")
        await ada.secrets(NAMESPACE).store("odd", '{"kind": "nothing", "api_key": "sk-mine"}')
        with pytest.raises(StoreError, match=r"'odd'.*set it again") as refused:
            await own_providers(ada)
        assert "sk-mine" not in str(refused.value)
