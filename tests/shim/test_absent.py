"""What is not here: it may be named, and using it says why and what to do instead."""

from __future__ import annotations

import copy

import pytest

import shim as vscode
from shim.absent import MEMBERS, NAMES, NAMESPACES, NotSupported


@pytest.mark.parametrize("name", [*NAMES, *NAMESPACES])
def test_using_what_is_not_here_says_why(name: str) -> None:
    thing = getattr(vscode, name)
    with pytest.raises(NotSupported, match=f"{name} is not supported here: there (is|are) no .*; "):
        thing()
    with pytest.raises(NotSupported, match=rf"{name}\.anything is not supported here"):
        _ = thing.anything


@pytest.mark.parametrize("name", MEMBERS)
def test_using_a_member_that_is_not_here_says_why(name: str) -> None:
    namespace, _, member = name.partition(".")
    thing = getattr(getattr(vscode, namespace), member)
    with pytest.raises(NotSupported, match=f"{name} is not supported here: .*; "):
        thing()


def test_a_mistyped_member_is_no_part_of_its_namespace() -> None:
    for namespace in (vscode.commands, vscode.languages, vscode.lm, vscode.window, vscode.workspace):
        with pytest.raises(AttributeError, match="has no attribute 'regster'"):
            _ = namespace.regster


def test_naming_what_is_not_here_harms_nothing() -> None:
    assert repr(vscode.debug) == "<debug: not supported here>"  # type: ignore[attr-defined]
    assert vscode.debug is not None  # type: ignore[attr-defined]
    assert not hasattr(vscode.debug, "__len__")  # type: ignore[attr-defined]
    copy.copy(vscode.debug)  # type: ignore[attr-defined]


def test_a_mistyped_name_is_no_part_of_the_api() -> None:
    with pytest.raises(AttributeError, match="no attribute 'windows'"):
        _ = vscode.windows  # type: ignore[attr-defined]
    assert not hasattr(vscode, "Interfaces")
