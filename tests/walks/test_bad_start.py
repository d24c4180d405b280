"""Hosts that must not start: each says in one line what is wrong and the way out, and exits with 2."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client import ROOT, connect, running
from tests.raw import fetch

pytestmark = pytest.mark.anyio

SEED = Path(__file__).resolve().parents[3] / "shared" / "seeds"

MULTI = {"MULTI_USER": "1"}


async def refused(*arguments: str, **environ: str) -> str:
    """The line on stderr of a start that fails as it should."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ROOST_", "MULTI_USER"))}
    command = [sys.executable, "-m", "host", *arguments]
    ended = await asyncio.to_thread(
        subprocess.run, command, env={**clean, **environ}, capture_output=True, text=True, timeout=30, cwd=ROOT
    )
    assert ended.returncode == 2, (ended.returncode, ended.stderr[-2_000:])
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    [line] = [one for one in ended.stderr.splitlines() if one.strip()]
    return line


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--prot", "1"], "prot"),
        (["--port", "x"], "port"),
        (["--port", "65536"], "port"),
        (["--host", "not a host", "--port", "0"], "host"),
        (["--host", "203.0.113.7", "--port", "0"], "host"),
        (["--config", "/no/such/file.yaml"], "config"),
        (["--workspace", "/no/such/folder", "--port", "0"], "workspace"),
        (["sreve"], "sreve"),
    ],
)
async def test_a_bad_flag_is_named(tmp_path: Path, arguments: list[str], names: str) -> None:
    more = [] if arguments[0] == "sreve" else ["--data", str(tmp_path / "data")]
    assert names in await refused(*arguments, *more)


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"ROOST_SERVER__PORT": "x"}, "server.port"),
        ({"ROOST_SERVER__NOPE": "1"}, "server__nope"),
        ({"ROOST_EXTENSIONS__FOLDERS": "[1]"}, "extensions.folders"),
        ({"ROOST_AUTH__JWT__ALGORITHM": "none"}, "auth.jwt.algorithm"),
        ({"ROOST_AUTH__JWT__ALGORITHM": "HS256"}, "auth.jwt"),
        ({"ROOST_AUTH__JWT__ALGORITHM": "HS256", "ROOST_AUTH__JWT__SECRET": "short"}, "auth.jwt.secret"),
        ({"ROOST_AUTH__JWT__ALGORITHM": "RS256", "ROOST_AUTH__JWT__SECRET": "x" * 40}, "auth.jwt"),
        (
            {"ROOST_AUTH__JWT__ALGORITHM": "RS256", "ROOST_AUTH__JWT__PUBLIC_KEY_FILE": "/no/key"},
            "auth.jwt.public_key_file",
        ),
        ({"ROOST_AUTH__JWT__ALGORITHM": "RS256", "ROOST_AUTH__JWT__PUBLIC_KEY_FILE": "/etc/hostname"}, "auth.jwt"),
        ({"MULTI_USER": "perhaps"}, "MULTI_USER"),
    ],
)
async def test_a_bad_variable_is_named(tmp_path: Path, environ: dict[str, str], names: str) -> None:
    line = await refused("--data", str(tmp_path / "data"), **{**MULTI, "ROOST_PORT": "0", **environ})
    assert names.lower() in line.lower()
    secret = environ.get("ROOST_AUTH__JWT__SECRET")
    assert secret is None or secret not in line


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("server: {prot: 1}", "server.prot"),
        ("server: 7", "server"),
        ("server: {port: 1", "config"),
        ("server:\n  port: ${NO_SUCH_VARIABLE}", "NO_SUCH_VARIABLE"),
        ("users: {ada: {quotas: {bits: 1}}}", "users.ada.quotas.bits"),
        ("!!python/object/apply:os.system ['true']", "config"),
        ("a: &a [*a]", "config"),
    ],
)
async def test_a_bad_config_file_is_named_with_its_key(tmp_path: Path, text: str, names: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    line = await refused("--config", str(file), "--data", str(tmp_path / "data"), **MULTI)
    assert names in line or (names == "config" and str(file) in line)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in await refused("--port", port, "--data", str(tmp_path / "data"))


async def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "data", Path("/proc/roost"), Path("/dev/null/x")):
        line = await refused("--data", str(folder), "--port", "0", **MULTI)
        assert "data" in line
        assert str(folder) in line or str(file) in line


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
async def test_many_users_without_authentication_stay_on_loopback(tmp_path: Path, address: str) -> None:
    line = await refused("--host", address, "--port", "0", "--data", str(tmp_path / "data"), **MULTI)
    assert "server.host" in line
    assert "auth" in line


async def test_the_config_of_the_seed_is_understood_and_refused_for_what_is_unsafe_in_it(tmp_path: Path) -> None:
    found = sorted(SEED.glob("000*"))
    if not found:
        pytest.skip("the seed documents are not beside this repository")
    [text] = re.findall(r"```yaml\n(# config\.yaml.*?)```", found[0].read_text(), re.DOTALL)
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("./data", str(tmp_path / "data")))
    keys = {"ANTHROPIC_API_KEY": "sk-canary-4711", "OPENAI_API_KEY": "sk-canary-4712"}
    line = await refused("--config", str(file), **MULTI, **keys)
    assert "server.host" in line
    assert "canary" not in line
    file.write_text(text.replace("./data", str(tmp_path / "data")).replace('"0.0.0.0"', '"127.0.0.1"'))
    with running(tmp_path / "data", "--config", str(file), **keys) as host:
        answer = await fetch(host.base, "/api/health")
        assert answer.status == 200
    assert "canary" not in host.log.read_text()


async def test_a_warning_says_that_everybody_is_believed_where_nobody_is_asked(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        async with connect(host.base, "ada") as client:
            assert await client.call("session.ping")
        log = host.log.read_text()
        assert "uid" in log
        assert "warn" in log.lower()


async def test_help_and_version_are_no_mistakes(tmp_path: Path) -> None:
    for flag in ("--help", "--version"):
        command = [sys.executable, "-m", "host", flag]
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, cwd=ROOT)
        assert (ended.returncode, ended.stderr) == (0, ""), flag
        assert ended.stdout
