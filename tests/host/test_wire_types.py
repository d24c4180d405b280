"""The page's types are those of the methods."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typing_extensions import TypedDict

from host.contract import Contract
from host.methods import CONTRACT
from host.wire_types import typescript

WIRE = Path(__file__).resolve().parents[2] / "host/web/src/wire.ts"


def test_the_pages_types_are_made_of_the_methods_that_there_are() -> None:
    again = typescript(CONTRACT.document("0"))
    assert WIRE.read_text() == again, "run `python -m host.wire_types > host/web/src/wire.ts` and look at what changed"


def test_a_schema_becomes_the_type_that_it_describes() -> None:
    several = {"items": {"$ref": "#/components/schemas/One"}, "type": "array"}
    method = {
        "name": "a.b", "summary": "Does it.",
        "params": [{"name": "of", "required": False, "schema": {"enum": ["x", "y"]}}],
        "result": {"schema": {"anyOf": [several, {"type": "null"}]}},
    }  # fmt: skip
    pair = {"prefixItems": [{"type": "string"}, {}], "type": "array"}
    one = {"type": "object", "properties": {"n": {"type": "integer"}, "pair": pair}, "required": ["n"]}
    text = typescript({"components": {"schemas": {"One": one}}, "methods": [method]})
    assert "export type One = { n: number; pair?: [string, any] };" in text
    assert '"a.b": { params: { of?: "x" | "y" }; result: Array<One> | null };' in text


def test_the_pages_sources_fit_the_types() -> None:
    web = WIRE.parents[1]
    compiler = web / "node_modules/.bin/tsc"
    if not compiler.exists() or shutil.which("node") is None:
        pytest.skip("the page's packages or Node are not here: make page")
    done = subprocess.run([compiler, "--noEmit"], cwd=web, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_two_shapes_of_one_name_are_refused_and_not_mixed_up() -> None:
    contract = Contract()
    for method, field in (("a.b", "one"), ("c.d", "two")):
        shape = TypedDict("Same", {field: int})  # type: ignore[misc]

        async def handler(caller: object) -> None:
            """Does it."""

        handler.__annotations__["return"] = list[shape]  # type: ignore[valid-type]
        contract.method(method)(handler)
    with pytest.raises(TypeError, match=r"c\.d answers a Same, and another shape is called so"):
        contract.document("0")
