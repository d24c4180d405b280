"""The commands that ask a running host one thing, run as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner

from host.__main__ import _signals, cli, main
from tests.client import Process, connect, running
from tests.sessions.sandboxes import folder
from tests.tokens import GUARDED, SECRET, bearer, token

ROOT = Path(__file__).parents[3]


def roost(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end; nothing of the tests' own environment is seen by it but what is given."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "host", *arguments]
    return subprocess.run(
        command, env=clean | environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed said: one line, no traceback, and exit code 2."""
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("roost: ")
    return line


@pytest.fixture(scope="module")
def guarded() -> Iterator[Process]:
    with folder() as data, running(data / "data", **GUARDED) as started:
        yield started


def admin(host: Process) -> dict[str, str]:
    return {"ROOST_URL": host.base, "ROOST_TOKEN": token("root", scope="admin")}


# -- token


def test_a_token_is_what_the_host_takes_and_ends_when_it_says(guarded: Process) -> None:
    made = roost("token", "alice", "--scope", "admin", "--expires", "2h", **GUARDED).stdout.strip()
    claims = jwt.decode(made, SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["scope"]) == ("alice", "admin")
    assert abs(claims["exp"] - time.time() - 7_200) < 60
    assert json.loads(roost("sessions", "--json", ROOST_URL=guarded.base, ROOST_TOKEN=made).stdout)["sessions"] == []
    told = json.loads(roost("token", "bob", "--json", **GUARDED).stdout)
    assert (told["uid"], told["scope"], told["expiresIn"]) == ("bob", "", 43_200)


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (["alice"], {}, "auth.jwt is not configured"),
        (["../x"], GUARDED, "uid"),
        (["alice", "--expires", "1y"], GUARDED, "s, m, h or d"),
        (["alice", "--expires", "900d"], GUARDED, "366d"),
        ([], GUARDED, "UID"),
        (
            ["alice", "--scope", "admin root"],
            GUARDED,
            "--scope: there is no 'root'; there are admin and impersonate. See",
        ),
    ],
)
def test_a_token_that_cannot_be_made_is_refused_in_a_sentence(
    arguments: list[str], environ: dict[str, str], said: str
) -> None:
    assert said in refusal(roost("token", *arguments, **environ))


def test_a_host_that_only_checks_tokens_says_who_makes_them(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = tmp_path / "key.pem"
    key.write_bytes(pem.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    environ = {"ROOST_AUTH__JWT__ALGORITHM": "ES256", "ROOST_AUTH__JWT__PUBLIC_KEY_FILE": str(key)}
    assert "ES256" in refusal(roost("token", "alice", **environ))


# -- sessions


@pytest.mark.anyio
async def test_an_administrator_sees_who_is_here_and_ends_a_session(guarded: Process) -> None:
    import asyncio

    async with connect(guarded.base, "carol", additional_headers=bearer("carol")) as carol:
        await carol.call("session.open")
        made = await carol.call("window.createTerminal", name="build", shellPath="/bin/sh")
        listed = await asyncio.to_thread(roost, "sessions", "--json", **admin(guarded))
        (one,) = [one for one in json.loads(listed.stdout)["sessions"] if one["uid"] == "carol"]
        assert (one["clients"], one["busy"]) == (1, True)
        assert [shown["name"] for shown in one["terminals"]] == ["build"]
        assert one["terminals"][0]["terminalId"] == made["terminalId"]
        assert one["processes"] >= 1
        assert one["memoryBytes"] > 50_000
        text = (await asyncio.to_thread(roost, "sessions", **admin(guarded))).stdout
        assert text.splitlines()[0].split() == ["user", "clients", "terminals", "processes", "memory", "state"]
        assert "carol" in text
        ended = await asyncio.to_thread(roost, "sessions", "--evict", "carol", **admin(guarded))
        assert ended.stdout.startswith("carol: the session has ended")
    again = json.loads((await asyncio.to_thread(roost, "sessions", "--json", **admin(guarded))).stdout)
    assert [one for one in again["sessions"] if one["uid"] == "carol" and one["terminals"]] == []


def test_who_is_no_administrator_sees_nobody(guarded: Process) -> None:
    for arguments in (["sessions"], ["sessions", "--evict", "carol"], ["usage", "--all"]):
        said = refusal(roost(*arguments, ROOST_URL=guarded.base, ROOST_TOKEN=token("mallory")))
        assert "403" in said
        assert "admin" in said


def test_nobody_is_evicted_who_is_not_here(guarded: Process) -> None:
    assert "no open session" in refusal(roost("sessions", "--evict", "nobody", **admin(guarded)))


@pytest.mark.parametrize("command", [["sessions"], ["usage"], ["attach", "--list"]])
def test_no_token_and_no_host_are_one_sentence_each(guarded: Process, command: list[str]) -> None:
    assert "--token" in refusal(roost(*command, ROOST_URL=guarded.base))
    assert "roost serve" in refusal(roost(*command, "--url", "http://127.0.0.1:9"))
    assert "--url" in refusal(roost(*command, "--url", "ftp://x"))


# -- usage, completion, help


def test_usage_is_empty_before_anything_was_spent(guarded: Process) -> None:
    mine = {"ROOST_URL": guarded.base, "ROOST_TOKEN": token("dave")}
    assert roost("usage", **mine).stdout == "nothing was spent\n"
    assert json.loads(roost("usage", "--json", "--by", "day", **mine).stdout)["rows"] == []
    assert json.loads(roost("usage", "--all", "--json", **admin(guarded)).stdout)["users"] == []
    assert "leave out" in refusal(roost("usage", "--all", "--from", "2026-01-01", **admin(guarded)))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str) -> None:
    script = roost("completion", shell).stdout
    assert "_ROOST_COMPLETE" in script
    environ = {
        "_ROOST_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "roost to",
        "COMP_CWORD": "1" if shell != "fish" else "to",
    }
    assert "token" in roost(**environ).stdout


@pytest.mark.parametrize("command", list(cli.commands))
def test_the_help_of_every_command_has_examples(command: str) -> None:
    text = CliRunner().invoke(cli, [command, "--help"], prog_name="roost").output
    assert f" roost {command}" in text.partition("Examples:")[2]


def test_the_list_of_commands_says_whole_what_each_does() -> None:
    commands = roost("--help").stdout.partition("Commands:")[2].strip().splitlines()
    assert len(commands) > 10
    assert all(line.endswith(".") and not line.endswith("...") for line in commands)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("demo", "--x"), "roost demo"),
        (("nosuch",), "roost"),
        (("srve",), "roost"),
        (("serve", "--prot", "1"), "roost serve"),
        (("token",), "roost token"),
        (("token", "ada", "--expires", "5"), "roost token"),
        (("doctor", "extra"), "roost doctor"),
        (("completion",), "roost completion"),
    ],
)
def test_a_wrong_line_is_told_in_a_line_that_names_the_help_of_its_command(
    words: tuple[str, ...], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    told = capsys.readouterr().err
    assert ended.value.code == 2 and told.count("\n") == 1
    assert told.strip().endswith((f". See `{hint} --help`.", f"? See `{hint} --help`."))
    assert not re.search(r"[?.][.]|[?][)]", told)


@pytest.mark.parametrize("words", [["usage"], ["attach", "--list"]])
def test_who_did_not_say_who_they_are_is_told_the_option_for_it(words: list[str], base: str) -> None:
    done = CliRunner().invoke(cli, [*words, "--url", base])
    assert done.exit_code and "say it with --uid or ROOST_UID" in done.output


@pytest.mark.anyio
async def test_who_stops_a_host_in_a_terminal_is_told_that_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    stop = asyncio.Event()
    with _signals(asyncio.get_running_loop(), stop):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(stop.wait(), 5)
    assert capsys.readouterr().err == "\nending what runs, 9 s at most; Ctrl-C once more ends it at once\n"
