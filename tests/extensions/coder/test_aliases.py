"""What is denied is denied under its other names and in its other spellings, and nothing else is."""

from __future__ import annotations

import pytest

from extensions.coder.approvals import decide

DENY = ["git push", "docker run", "chmod 777", "kill -9", "rm -rf", "npm install", "pip install", "git branch -D"]


@pytest.mark.parametrize(
    "line",
    ["git send-pack x", "docker container run x", "docker --debug container run x", "podman ps; docker container run x",
     "chmod 0777 a", "chmod 00777 a", "chmod a+rwx a", "chmod -R ugo+rwx a", "chmod u=rwx,go=rwx a", "chmod =rwx a",
     "kill -KILL 1", "kill -s SIGKILL 1", "kill -s 9 1", "kill --signal=KILL 1", "kill -09 1",
     "rm --recursive --force x", "rm --rec --for x", "rm -r --force x", "npm i x", "npm add x", "pip3 install x",
     "pip3.11 install x", "python -m pip install x"],
)  # fmt: skip
def test_what_is_denied_is_denied_in_its_other_spellings(line: str) -> None:
    assert decide(line, ["*"], DENY) == "deny"


@pytest.mark.parametrize(
    "line",
    ["kill 123", "kill -15 1", "kill -TERM 1", "kill %1", "chmod 755 a", "chmod +x a", "chmod u+x a",
    "chmod 644 a", "rm x",
     "rm -r x", "docker ps", "docker container ls", "docker image ls", "git fetch", "git add .", "npm test", "npm ci",
     "pip list", "git branch -a", "git branch"],
)  # fmt: skip
def test_what_only_looks_like_it_is_not_denied(line: str) -> None:
    assert decide(line, ["*"], DENY) == "approve"


@pytest.mark.parametrize("line", ["git push -f", "git push origin +main", "git push --forc", "git -C . push --force"])
def test_only_forcing_may_be_denied(line: str) -> None:
    assert decide(line, ["*"], ["git push --force"]) == "deny"
    assert decide("git push origin main", ["*"], ["git push --force"]) == "approve"
