"""`when` clauses of the page, by a table of what VS Code's own tests say of them, run in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.client import ROOT

WEB = ROOT / "host" / "web"
CASES = json.loads(Path(__file__).with_name("when.json").read_text())
"""[clause, context keys, whether it holds; null for what is no clause]."""

RUN = """
import { readFileSync } from "node:fs";
import { holds, parse } from %s;
const given = JSON.parse(readFileSync(0, "utf8"));
const judged = given.map(([when, keys]) => {
  const context = (key) => keys[key], found = parse(when);
  return [found && found.is(context), holds(when, context)];
});
console.log(JSON.stringify(judged));
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What the page makes of each case."""
    node, builder = shutil.which("node"), WEB / "node_modules" / ".bin" / "esbuild"
    if node is None or not builder.exists():
        pytest.skip("the page's packages or Node are not here: make page")
    made = tmp_path_factory.mktemp("when") / "when.mjs"
    subprocess.run(
        [builder, WEB / "src" / "when.ts", "--format=esm", f"--outfile={made}"], check=True, capture_output=True
    )
    script = RUN % json.dumps(str(made))
    asked = json.dumps(CASES)
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], input=asked, capture_output=True, text=True, check=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda number: f"{CASES[number][0]} of {CASES[number][1]}"[:80]
)
def test_a_clause_holds_as_in_vs_code(judged: list[Any], number: int) -> None:
    (_, _, expected), (is_clause, holds) = CASES[number], judged[number]
    assert is_clause == expected
    assert holds == (expected is not False)  # a mistake stands in nobody's way
