"""The key that seals everybody's secrets: found where the operator put it, made once, never guessed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from sessions.errors import InvalidValue
from sessions.masterkey import master_key
from tests.sessions.stores import ROOT

KEY = bytes(range(32))
TEXT = b64encode(KEY).decode()


def test_a_key_is_made_once_for_the_hosts_eyes_only(tmp_path: Path) -> None:
    first = master_key(tmp_path, {})
    assert len(first) == 32
    assert master_key(tmp_path, {}) == first
    assert os.listdir(tmp_path) == ["master.key"]
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert master_key(tmp_path / "another" / "folder", {}) != first


def test_the_environment_comes_first_then_the_credential_then_the_file(tmp_path: Path) -> None:
    other, credentials = bytes(32), tmp_path / "credentials"
    credentials.mkdir()
    environ = {"ROOST_MASTER_KEY": f" {TEXT}\n", "CREDENTIALS_DIRECTORY": str(credentials)}
    (credentials / "roost-master-key").write_bytes(b64encode(other) + b"\n")
    assert master_key(tmp_path, environ) == KEY
    del environ["ROOST_MASTER_KEY"]
    assert master_key(tmp_path, environ) == other
    assert not (tmp_path / "master.key").exists()
    (credentials / "roost-master-key").unlink()
    made = master_key(tmp_path, environ)
    assert made == master_key(tmp_path, {"CREDENTIALS_DIRECTORY": ""})
    assert made not in (KEY, other)


@pytest.mark.parametrize(
    "text", ["", " ", "canary", TEXT[:-4], TEXT + TEXT, TEXT[:-1], "*" + TEXT, b64encode(KEY[:31]).decode(), "ключ"]
)
def test_what_is_no_key_is_refused_by_name_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^ROOST_MASTER_KEY: must be 32 bytes in base64") as caught:
        master_key(tmp_path, {"ROOST_MASTER_KEY": text})
    assert "canary" not in str(caught.value)
    assert TEXT[:6] not in str(caught.value)
    (tmp_path / "master.key").write_text(text)
    (tmp_path / "master.key").chmod(0o600)
    with pytest.raises(InvalidValue, match=r"^master.key: must be 32 bytes in base64"):
        master_key(tmp_path, {})
    assert (tmp_path / "master.key").read_text() == text, "it is never made anew over one that is there"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o666, 0o610])
def test_a_key_that_others_may_use_is_refused_with_the_way_out(tmp_path: Path, mode: int) -> None:
    (tmp_path / "master.key").write_text(TEXT)
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(InvalidValue, match="chmod 600"):
        master_key(tmp_path, {})


def test_a_key_that_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    (tmp_path / "elsewhere").write_text(TEXT)
    (tmp_path / "elsewhere").chmod(0o600)
    path.symlink_to("elsewhere")
    with pytest.raises(InvalidValue, match=r"^master.key: "):
        master_key(tmp_path, {})
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(InvalidValue, match=r"^master.key: "):
        master_key(tmp_path, {})
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(InvalidValue, match="regular file"):
        master_key(tmp_path, {})
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(InvalidValue, match="regular file"):
        master_key(tmp_path, {})


def test_processes_that_begin_at_once_agree_on_one_key(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from sessions.masterkey import master_key; "
    program += "sys.stdin.read(1); print(master_key(Path(sys.argv[1]), {}).hex())"
    command = [sys.executable, "-c", program, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    several = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(6)]  # type: ignore[call-overload]
    for one in several:
        one.stdin.write("x")
        one.stdin.flush()
    keys = {one.communicate(timeout=30)[0] for one in several}
    assert keys == {master_key(tmp_path, {}).hex() + "\n"}
    assert os.listdir(tmp_path) == ["master.key"]
