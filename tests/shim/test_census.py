"""The census: every member of VS Code's API that agents use is here and tested, or refused with a reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shim
from shim.absent import NotSupported
from shim.census import Deviation, Member, covered, deviations, members, page

ROOT = Path(__file__).parents[2]
MEMBERS = members()


def named(name: str) -> Any:
    """What the API's top has under a name."""
    return getattr(shim, name, None)


def has(owner: Any, name: str) -> bool:
    """Whether a class or a namespace has a member, one of its instances too."""
    if isinstance(owner, ModuleType):
        return name in getattr(owner, "__annotations__", {}) or hasattr(owner, name)
    return hasattr(owner, name) or any(name in fields for kind in owner.__mro__ for fields in declared(kind))


def declared(kind: type) -> Iterator[Any]:
    slots = kind.__dict__.get("__slots__", ())
    yield (slots,) if isinstance(slots, str) else slots
    yield getattr(kind, "_fields", ())
    yield inspect.get_annotations(kind)


def is_here(member: Member) -> bool:
    path, _, argument = member.here.rstrip(")").partition("(")
    first, _, rest = path.partition(".")
    owner = named(first)
    if owner is None:
        return False
    if argument:
        return argument in inspect.signature(getattr(owner, rest)).parameters
    return not rest or has(owner, rest)


def of_state(state: str) -> list[Member]:
    return [one for one in MEMBERS if one.state == state]


def test_the_states_are_three_and_what_is_not_real_has_a_reason() -> None:
    assert {one.state for one in MEMBERS} <= {"real", "refused", "missing"}
    assert [one.name for one in MEMBERS if (one.state == "real") == bool(one.reason)] == []
    assert [one.name for one in MEMBERS if one.uses < 2] == []


@pytest.mark.parametrize("member", of_state("real"), ids=lambda one: one.name)
def test_a_member_that_is_called_real_is_there_and_used_in_the_test_that_is_named(member: Member) -> None:
    assert is_here(member), f"{member.here} is not there: correct shim/census.toml"
    text = (ROOT / member.test).read_text()
    name = re.split(r"[.(]", member.here.rstrip(")"))[-1]
    assert re.search(rf"\b{name}\b", text), f"{member.test} does not use {name}"


@pytest.mark.parametrize("member", of_state("refused"), ids=lambda one: one.name)
def test_a_member_that_is_refused_raises_when_it_is_used(member: Member) -> None:
    first, _, rest = member.here.partition(".")
    with pytest.raises(NotSupported):
        thing = getattr(shim, first)
        _ = getattr(thing, rest) if rest else thing()


@pytest.mark.parametrize("one", deviations(), ids=lambda one: one.test.rpartition("::")[2])
def test_what_is_different_has_a_reason_and_a_test_that_shows_it(one: Deviation) -> None:
    file, _, name = one.test.partition("::")
    assert one.what and one.why
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), f"{one.test} is not there"


def test_at_least_as_much_is_real_as_was_before() -> None:
    assert covered(MEMBERS, "real") >= REAL


REAL = 0.88
"""The share of uses that was real when this was written: it only grows."""


def test_the_page_is_made_from_the_table() -> None:
    assert (ROOT / "docs" / "shim.md").read_text() == page(), "run `python -m shim.census > docs/shim.md`"


def test_every_module_of_the_api_can_be_imported() -> None:
    for info in pkgutil.iter_modules(shim.__path__):
        importlib.import_module(f"shim.{info.name}")
