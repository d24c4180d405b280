"""VS Code's own tests as facts, run against the shim by one small interpreter of their notation.

A fact's camelCase becomes snake_case, an object literal keyword arguments, an absent argument is left out. What needs a
feature that is not here yet is collected and skipped by name: give `FEATURES` its builder and it runs.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import shim
from sessions.errors import InvalidValue
from shim.folders import Folders, folders_of
from shim.text import TextModel
from tests.people import alone

CASES = Path(__file__).parents[3] / "shared" / "cases" / "vscode_api_facts.json"
KEYWORDS = {"with": "with_", "from": "from_"}
NOTATION = {"new", "call", "get", "getopt", "static", "sget", "seq", "doc", "ws", "api", "var", "undefined", "null"}
UNDEFINED = object()


def document(text: str) -> object:
    return TextModel(text)


def workspace(folders: list[str], evaluate: Callable[[], Any]) -> Any:
    """What a fact comes to for a user whose workspace has these folders."""
    with TemporaryDirectory() as place, alone(Path(place), "ada") as session, session.entered():
        session.get(Folders).choose(folders_of((shim.Uri.file(path), path.rpartition("/")[2]) for path in folders))
        return evaluate()


def member(space: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(getattr(shim, space), name)
    return found


FEATURES: Mapping[str, Callable[..., Any]] = {"doc": document, "ws": workspace, "api": member}
"""What a fact needs beyond plain values and who builds it: `doc(text)`, `ws(folders, evaluate)`, `api(space, name)`."""


def facts() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(f"the shared cases are not at {CASES}"))]
    return [
        pytest.param(fact, id=f"{fact['id']}-{fact['area'].split(' ')[0]}", marks=skipped(fact))
        for fact in json.loads(CASES.read_text())["cases"]
    ]


def skipped(fact: dict[str, Any]) -> list[pytest.MarkDecorator]:
    if "probe" in fact:
        return [pytest.mark.skip(f"a probe with a test of its own: {fact['probe']}")]
    missing = {name for name in ("doc", "ws", "api") if f'"{name}":' in json.dumps(fact)} - FEATURES.keys()
    return [pytest.mark.skip(f"needs {' and '.join(sorted(missing))}")] if missing else []


@pytest.mark.parametrize("fact", facts())
def test_a_fact_of_vs_code_holds(fact: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    for name, expression in fact.get("bind", {}).items():
        names[name] = Evaluation(names).value(expression)
    evaluation = Evaluation(names)
    if fact.get("throws"):
        with pytest.raises((InvalidValue, TypeError)):
            evaluation.value(fact["eval"])
    elif "identical_to" in fact:
        assert evaluation.value(fact["eval"]) is evaluation.value(fact["identical_to"])
    else:
        assert evaluation.value(fact["eval"]) == fact["expect"]


class Evaluation:
    """One fact's expression, read from the outside in."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names

    def value(self, expression: Any) -> Any:
        if isinstance(expression, list):
            return [self.value(item) for item in expression]
        if not isinstance(expression, dict):
            return expression
        if not expression.keys() & NOTATION:
            return {name: self.value(item) for name, item in expression.items()}
        operation = next(name for name in expression if name in NOTATION)
        return getattr(self, f"_{operation}")(expression)

    def _new(self, made: dict[str, Any]) -> Any:
        return self._apply(getattr(shim, made["new"]), made["args"])

    def _call(self, made: dict[str, Any]) -> Any:
        thing, method, args = made["call"]
        return self._apply(getattr(self.value(thing), snake(method)), args)

    def _static(self, made: dict[str, Any]) -> Any:
        kind, method, args = made["static"]
        return self._apply(getattr(getattr(shim, kind), snake(method)), args)

    def _get(self, made: dict[str, Any]) -> Any:
        thing, name = made["get"]
        return getattr(self.value(thing), snake(name))

    def _getopt(self, made: dict[str, Any]) -> Any:
        thing, name = made["getopt"]
        found = self.value(thing)
        return None if found is None else getattr(found, snake(name))

    def _sget(self, made: dict[str, Any]) -> Any:
        kind, name = made["sget"]
        return getattr(getattr(shim, kind), snake(name).upper())

    def _seq(self, made: dict[str, Any]) -> Any:
        thing, steps, last = made["seq"]
        subject = self.value(thing)
        for method, args in steps:
            self._apply(getattr(subject, snake(method)), args)
        if isinstance(last, str):
            return getattr(subject, snake(last))
        return self._apply(getattr(subject, snake(last[0])), last[1])

    def _doc(self, made: dict[str, Any]) -> Any:
        return FEATURES["doc"](made["doc"])

    def _ws(self, made: dict[str, Any]) -> Any:
        return FEATURES["ws"](made["ws"], lambda: self.value(made["e"]))

    def _api(self, made: dict[str, Any]) -> Any:
        space, name, args = made["api"]
        return self._apply(FEATURES["api"](space, snake(name)), args)

    def _var(self, made: dict[str, Any]) -> Any:
        return self.names[made["var"]]

    def _undefined(self, _: dict[str, Any]) -> Any:
        return UNDEFINED

    def _null(self, _: dict[str, Any]) -> Any:
        return None

    def _apply(self, function: Callable[..., Any], args: list[Any]) -> Any:
        """Call it as Python would: what comes after an absent argument is given by name."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        by_name = False
        for place, expression in enumerate(args):
            given = self.value(expression)
            if given is UNDEFINED:
                by_name = True
            elif isinstance(given, dict):
                named |= {snake(name): item for name, item in given.items()}
            elif by_name:
                named[list(inspect.signature(function).parameters)[place]] = given
            else:
                positional.append(given)
        return function(*positional, **named)


def snake(name: str) -> str:
    return KEYWORDS.get(name, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
