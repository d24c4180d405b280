"""What a loop's variable stands for is known where its list says it, so that everyday loops are not asked about."""

from __future__ import annotations

import posixpath
from pathlib import Path

import pytest

from extensions.coder.approvals import decide
from extensions.coder.places import _named
from tests.extensions.coder.scripted import Model, agents

ALLOW = ["git", "make", "ls", "cat", "sed", "cd", "echo", "pytest", "find", "npm test", "read", "printf", "declare",
         "unset", "getopts", "mapfile", "test"]  # fmt: skip

KNOWN = [
    'for d in a b c; do make -C "$d"; done', "for d in a b; do make -C $d test; done",
    'for d in */; do git -C "$d" status -s; done', 'for d in packages/*; do make -C "$d"; done',
    'for f in a.py b.py; do echo "== $f"; sed -n 1,5p "$f"; done', 'for f in src/*.py; do sed -n 1,5p "$f"; done',
    'for t in a b; do pytest -q "tests/$t.py"; done', "for d in a b; do find $d -name x; done",
    'for d in a b; do for f in x y; do sed -n 1p "$d/${f}.py"; done; done',
    'for d in a; do [ -d "$d" ] && find "$d"; done',
]  # fmt: skip
UNKNOWN = [
    'for d in a ../b; do make -C "$d"; done', "for d in a -f; do make $d; done", "for f in -i a; do sed $f p a; done",
    'for f in *.py; do sed -n 1p "$f"; done', "for d in a; do d=-delete; find . $d; done",
    "for d in a; do read d; find . $d; done", "for d in a; do printf -v d -- -delete; find . $d; done",
    'for d in "a -delete"; do find . $d; done', "for d in src/*; do find $d; done", "for d in /x; do make -C $d; done",
    "for d in a; do for d in -delete; do find . $d; done; done", "for d in a; do ls; done; find . $d",
    "for d in a; do : ${d:=-delete}; find . $d; done", "for d in a; do (( d=1 )); find . $d; done",
    "for d in a$x; do find . $d; done", "for d in $(ls); do find . $d; done", "for d in a; do unset d; find . $d; done",
    "for d in a; do declare -n r=d; r=-delete; find . $d; done", "for d in a; do getopts x d; find . $d; done",
    "for d in a; do mapfile -t d < f; find . $d; done", "for d in a; do printf -vd -- -delete; find . $d; done",
    'for x in SHELL=./y; do make "$x"; done', "for x in 1e; do sed $x f; done", 'for x in --eval; do make "$x=x"; done',
    "for d; do find . $d; done", "for d in {-delete,a}; do find . $d; done", "for d in a; do $d x; done",
]  # fmt: skip

INSIDE = [
    'for d in */; do cd "$d" && git status; done', 'for d in */; do (cd "$d" && make); done',
    'for d in a b; do cd "$d" && make && cd ..; done', 'for d in a b; do (cd "sub/$d" && make); done',
    'for d in a b; do git -C "$d" status; done', "for d in a; do for e in b; do (cd $d/$e && make); done; done",
]  # fmt: skip
OUTSIDE = [
    'for d in a /tmp; do cd "$d" && make; done', 'for d in /tmp/*; do (cd "$d" && make); done',
    'for d in */; do cd "$d/../.." && make; done', 'for d in a b; do cd "$d" && make; cd ..; done',
    "for d in a; do while cd ..; do make; done; done", 'for d in ..; do git -C "$d" status; done',
]  # fmt: skip


def outside(line: str) -> list[str | None]:
    found = _named(line, "/w", "/home").folders
    return [one for one in found if one is None or not f"{posixpath.normpath(one)}/".startswith("/w/")]


@pytest.mark.parametrize("line", KNOWN)
def test_a_loop_over_what_is_written_there_is_not_asked_about(line: str) -> None:
    assert decide(line, ALLOW, ["rm"]) == "approve"


@pytest.mark.parametrize("line", UNKNOWN)
def test_a_loop_whose_variable_may_be_an_option_or_another_place_is_asked_about(line: str) -> None:
    assert decide(line, ALLOW, ["rm"]) == "ask"


@pytest.mark.parametrize("line", INSIDE)
def test_the_folders_of_a_loop_are_known(line: str) -> None:
    assert outside(line) == []


@pytest.mark.parametrize("line", OUTSIDE)
def test_a_loop_that_leaves_the_workspace_is_seen(line: str) -> None:
    assert outside(line)


@pytest.mark.anyio
async def test_a_loop_over_folders_is_asked_about_only_where_one_of_them_is_a_link_elsewhere(tmp_path: Path) -> None:
    loop = {"command": 'for d in */; do (cd "$d" && git status); done'}
    calls = [("execute_command", {"command": "mkdir a b"}), ("execute_command", loop),
             ("execute_command", {"command": "ln -s /home c"}), ("execute_command", loop)]  # fmt: skip
    async with agents(tmp_path, Model(main=calls)) as agent:
        ada = agent("ada")
        await ada.allow(autoApprovalEnabled=True, alwaysAllowExecute=True, allowedCommands=["git", "mkdir", "ln", "cd"])
        task = await ada.task()
        waiting = await ada.rest(task)
        assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "approval")
        assert [status for _, status, _ in await ada.tools(task)] == ["done", "done", "done", "waiting"]
