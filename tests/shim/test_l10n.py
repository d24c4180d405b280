"""Texts for people with their arguments put in, as `vscode.l10n.t` does it without translations."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim import l10n


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("Hello",), "Hello"),
        (("{0} and {1}, {0}", "a", 2), "a and 2, a"),
        (("{0} {1}", "a"), "a {1}"),
        (("{name} has {count}", {"name": "Ada", "count": 3}), "Ada has 3"),
        (("{name}", {}), "{name}"),
        (({"message": "{0}!", "args": ["hi"], "comment": ["a greeting"]},), "hi!"),
        (({"message": "{who}!", "args": {"who": "you"}},), "you!"),
        (("{0}", "{1}", "no"), "{1}"),
        (("{}", "a"), "{}"),
        (("{0} {1}", ["a", "b"]), "a b"),
        (("{0} {1}", {0: "a", 1: "b"}), "a b"),
        (("{{0}}", "a"), "{{0}}"),
        (("{0 {1}", "a", "b"), "{0 {1}"),
    ],
)
def test_places_are_filled(given: tuple[Any, ...], text: str) -> None:
    assert l10n.t(*given) == text


def test_keyword_arguments_are_vs_codes_object() -> None:
    assert l10n.t(message="{0} {1}", args=["a", "b"], comment="two letters") == "a b"
    with pytest.raises(InvalidValue, match="argz"):
        l10n.t("x", argz=[])
    with pytest.raises(InvalidValue, match="message"):
        l10n.t(5)  # type: ignore[arg-type]


def test_there_is_one_language() -> None:
    assert l10n.bundle is None
    assert l10n.uri is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "{0}"),
        (0, "0"),
        (-7, "-7"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (2.50, "2.5"),
        (1e3, "1000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.00001, "0.00001"),
        (1.5e-6, "0.0000015"),
        (1e-7, "1e-7"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_values_are_spelled_as_vs_code_spells_them(value: Any, text: str) -> None:
    assert l10n.t("{0}", value) == text


def test_a_list_is_its_values_with_commas() -> None:
    assert l10n.t("{all}", {"all": ["a", None, 1.0, [True, 2]]}) == "a,,1,true,2"
