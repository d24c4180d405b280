"""Every fenced block of README and docs/ is carried out, checked, or named here with the reason why it is not."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from extensions.coder.modes_files import read_modes
from host.config import load
from host.manifest import read
from sessions import jsonc
from tests.documents import PAGES, ROOT, Block, Folder, blocks_of, folder

DEMO = "tests/host/test_demo.py and tests/browser/test_demo.py take every step of it, in folders of their own"

NOT_RUN = {
    "make run                 # sets everything up and starts the host: no key, no server, no account":
        "sets the clone up whole; what it starts is `roost serve`, which other blocks start",
    "MULTI_USER=1 ROOST_EXTENSIONS__FOLDERS='[\"examples\"]' make run      # one terminal":
        "tests/examples/test_two_users.py runs both lines against a host of its own",
    "git clone https://code.example.org/roost.git && cd roost":
        "needs an address to clone from, and minutes; a fresh clone and venv is what CI begins with",
    "curl -fsS https://id.example.org/jwks.json -o /etc/roost/jwks.new && mv /etc/roost/jwks.new /etc/roost/jwks.json":
        "there is no identity provider here, and tests stay on loopback",
    "make setup": DEMO,
    ".venv/bin/roost demo --fresh": DEMO,
    "make setup                                                   # .venv and the page":
        "how the tests are run; each line is a test run of its own",
    "make bench                                    # all of it, thoroughly: over half an hour":
        "measures for minutes; benchmarks has tests of its own",
    "sysctl -w fs.inotify.max_user_watches=524288 user.max_user_namespaces=15000":
        "changes the machine that it runs on",
}  # fmt: skip
"""Shell blocks by their first line -> why they are not carried out."""

SHOWN = {
    "$ .venv/bin/python examples/two_users.py": "output, which tests/examples/test_two_users.py makes",
    "roost backup [UID...] [--to DIR]             # while the host runs or not":
        "the ways to call it; tests/sessions/test_backups.py and tests/host/cli call them",
    "PUT /api/v1/config/providers/openai": "a request's shape; tests/host/test_providers_api.py sends it",
}  # fmt: skip
"""Blocks of output, of ways to call something or of requests by their first line -> what shows that they are right."""

FORM_ONLY = {
    "nginx": "no nginx is installed where the tests run",
    "caddyfile": "no Caddy is installed where the tests run",
    "ini": "a systemd unit; there is no systemd where the tests run",
}
"""Languages that are only looked at: braces and statements, not what they do."""

TYPES_ONLY = {"docs/wire.md", "docs/rest.md"}
"""Pages made from the host's own documents: tests/host/test_reference.py holds them to these."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_works(page: Path, tmp_path: Path) -> None:
    blocks = blocks_of(page)
    if any(block.language == "sh" and "curl" in block.text for block in blocks) and shutil.which("curl") is None:
        pytest.skip("curl is not installed here, and this page uses it")
    with folder(tmp_path) as place:
        for block in blocks:
            if block.file:
                place.write(block)
        for block in blocks:
            check(block, place)


def check(block: Block, place: Folder) -> None:
    """Do what the block's language and words ask for; a block that nobody decided on fails."""
    match block.language:
        case "sh" if "run" in block.words:
            place.run(block)
        case "sh" if "serve" in block.words:
            place.serve(block)
        case "sh":
            assert block.text.splitlines()[0] in NOT_RUN, f"{block}: add `run` or `serve`, or a reason to NOT_RUN"
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        case "python" if "run" in block.words:
            place.run(block)
        case "python":
            assert block.file, f"{block}: add `run` or `file=PATH`"
            compile(block.text, str(block), "exec")
        case "yaml" if "modes" in block.words:
            found = read_modes(block.text, str(block), "project")
            assert found.modes and not found.problems, str(block)
        case "yaml":
            _check_settings(block, place.place)
        case "toml":
            assert block.file and block.file.endswith("extension.toml"), f"{block}: add `file=.../extension.toml`"
            read((place.place / block.file).parent)
        case "json":
            json.loads(block.text)
        case "jsonc":
            jsonc.parse(block.text)
        case "ts":
            _check_typescript(block)
        case language if language in FORM_ONLY:
            _check_form(block)
        case "":
            assert block.text.splitlines()[0] in SHOWN, f"{block}: name its language, or the block in SHOWN"
        case _:
            raise AssertionError(f"{block}: nobody has decided how `{block.language}` is checked")


def _check_settings(block: Block, place: Path) -> None:
    """The settings as the host reads them, from a file."""
    file = place / f"{block.line}.yaml"
    file.write_text(block.text)
    names = set(re.findall(r"\$\{(\w+)\}", block.text))
    environ = dict.fromkeys(names, "a-secret-of-more-than-thirty-two-bytes") | {"MULTI_USER": "1"}
    load({}, environ, file)


def _check_typescript(block: Block) -> None:
    """Its syntax, by the page's own compiler; the pages of types by the test that makes them."""
    if block.page in TYPES_ONLY:
        return
    compiler = ROOT / "host/web/node_modules/.bin/esbuild"
    if not compiler.exists() or shutil.which("node") is None:
        pytest.skip("the page's packages or Node are not here: make page")
    done = subprocess.run([compiler, "--loader=ts"], input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{block}: {done.stderr}"


def _check_form(block: Block) -> None:
    if block.language == "ini":
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(block.text)
        assert {"Unit", "Service", "Install"} <= set(parser)
        return
    assert block.text.count("{") == block.text.count("}"), f"{block}: braces"
    if block.language == "nginx":
        lines = [line.strip() for line in block.text.splitlines() if line.strip()]
        assert not [line for line in lines if line[-1] not in "{};"], f"{block}: a statement ends with ;"


def test_no_reason_is_kept_for_what_is_no_longer_there() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page)]
    shells = [block for block in blocks if block.language == "sh"]
    first = {block.text.splitlines()[0] for block in shells if not {"run", "serve"} & set(block.words)}
    assert set(NOT_RUN) <= first
    assert set(FORM_ONLY) <= {block.language for block in blocks}
    assert set(SHOWN) <= {block.text.splitlines()[0] for block in blocks if not block.language}
    assert {block.page for block in blocks} >= TYPES_ONLY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```sh\nrm -rf /nowhere\n```\n", "NOT_RUN"),
        ("```python\nx = 1\n```\n", "file=PATH"),
        ("```brainfuck\n+\n```\n", "nobody has decided"),
        ("```\nsome output\n```\n", "SHOWN"),
        ("```sh run\nfalse\n```\n", "exits with 1"),
        ("```python run\nassert 1 == 2\n```\n", "AssertionError"),
        ("```nginx\nserver {\n  listen 1\n}\n```\n", "ends with ;"),
    ],
)
def test_a_block_that_nobody_decided_on_or_that_fails_is_told(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.md").write_text(text)
    monkeypatch.setattr("tests.documents.ROOT", tmp_path)
    (block,) = blocks_of(tmp_path / "page.md")
    (tmp_path / "place").mkdir()
    with folder(tmp_path / "place") as place, pytest.raises(AssertionError, match=why):
        check(block, place)


def test_every_link_between_the_documents_leads_to_something() -> None:
    dead = []
    for page in [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"]:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
        for target in targets:
            if "://" not in target and not (page.parent / target).exists():
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert dead == []


def test_every_document_is_found_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert [page.name for page in PAGES if page.name != "README.md" and f"]({page.name})" not in index] == []


def test_every_metric_is_described() -> None:
    """The table of docs/operations.md has what the host has."""
    source = (ROOT / "host/metrics.py").read_text()
    gauges, counters = source.partition("def _gauges")[2].split("def _counters")
    names = {f"roost_{name}" for name in re.findall(r'yield "(\w+)"', gauges)}
    names |= {f"roost_{name}_total" for name in re.findall(r'yield "(\w+)"', counters)}
    table = (ROOT / "docs/operations.md").read_text()
    assert [name for name in sorted(names) if f"`{name}`" not in table] == []
    shown = set(re.findall(r"`(roost_\w+)`", table.partition("## Metrics")[2].partition("## Logs")[0]))
    assert shown - names == {"roost_build_info"}


def test_yaml_blocks_are_yaml_for_others_too() -> None:
    for page in PAGES:
        for block in blocks_of(page):
            if block.language == "yaml":
                yaml.safe_load(block.text)
