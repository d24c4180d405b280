"""In which folders the programs of a line may work: whatever `cd` does before them, and wherever it is written."""

from __future__ import annotations

import posixpath

import pytest

from extensions.coder.nested import Nested
from extensions.coder.places import _named

INSIDE = [
    "make", "cd sub && make", "cd sub; make", "cd ./sub/ && make", "cd /w/sub && make", "(cd sub && make); make",
    "cd a && make && cd ../b && make", "cd a && make 2>&1 | tail -5 && cd ../b && make", "cd 'a b' && make",
    "cd sub && make && cd .. && make", "for d in a b; do (cd sub && make); done", "if cd sub; then make; fi",
    "cd sub || exit 1; make", "cd \"$PWD/sub\" && make", "cd ${PWD} && make", "cd $(pwd)/sub && make",
    "cd \"$(git rev-parse --show-toplevel)\" && make", "git -C sub status", "git -C /w/sub -C ../b status",
    "env -C sub make", "cd /tmp && ls -la", "cd .. && cat x | head", "cd ~ && pwd", "ls /tmp; make", "cd \"$x\" && ls",
    "cd -P sub && make", "{ cd sub; make; }", "! cd sub || make", "x=$(cd /tmp && pwd); make", "(cd /tmp && ls); make",
    "cd sub && bash -c 'cd .. && make'", "cat <(cd /tmp && ls) && make", "cd /tmp | make", "cd sub/../other && make",
    "cd sub && make <<E\nx\nE", "pushd sub && make", "time (cd sub && make)", "cd . && make",
]  # fmt: skip
"""Nothing that takes code from its folder, or writes there, works outside of `/w`."""

OUTSIDE = [
    "cd /tmp && make", "cd .. && make", "cd sub/../.. && make", "cd ~ && make", "cd && make", "cd $HOME && make",
    "cd \"${HOME}/x\" && make", "cd ~root && make", "cd $X && make", "cd \"$X\"; make", "cd - && make", "cd /; make",
    "cd -P .. && make", "cd -- .. && make", "pushd /tmp && make", "popd; make", "command cd /tmp && make",
    "builtin cd .. && make", "cd sub; cd ../.. && make", "cd none; cd ..; make", "cd /tmp || true; make",
    "cd /tmp && (cd /w); make", "cd /tmp && (cd /w && ls); make", "cd /tmp; cd /w | cat; make",
    "cd /tmp; cd /w & make", "cd /tmp; false && cd /w; make", "cd /tmp; true || cd /w; make",
    "cd /tmp; if false; then cd /w; fi; make", "cd /tmp; while false; do cd /w; done; make",
    "cd /tmp; case x in y) cd /w;; esac; make", "for i in 1 2; do cd ..; done; make",
    "while cd ..; do make; done", "for d in */; do cd \"$d/../..\" && make; done", "if cd /tmp; then make; fi",
    "if true; then cd /tmp; fi; make", "{ cd /tmp; }; make", "{ cd /tmp; } > x; make", "cd /tmp > x; make",
    "cd /tmp && true 2>&1 | cat; make", "cat <<E && cd /tmp\nE\nmake",
    "eval 'cd /tmp'; make", "trap 'cd /tmp' DEBUG; make", "bash -c 'cd /tmp && make'", "sh -c \"cd ..; make\"",
    "env -C /tmp make", "env --chdir=/tmp make", "env --chdir /tmp make", "env -C/tmp make", "sudo -D /tmp make",
    "git -C /tmp status", "git -C .. status", "git -C sub -C ../.. status", "cd /tmp && git status",
    "cd sub* && make", "cd {sub,/tmp} && make", "cd sub\\\n/../.. && make", "! cd /tmp; make", "cd /tmp\nmake",
    "cd /tmp &&\nmake", "cd '/tmp' && make", "cd /t\"\"mp && make", "cd $'/tmp' && make",
    "find . -exec env -C / make \\;",
    "cd /w/../tmp && make", "cd //tmp && make", "cd /tmp && xargs make", "time cd /tmp && make",
    "cd /tmp && nice make", "cd /tmp && ./run", "cd /tmp && $X", "(cd /tmp; make) | cat",
    "x=$(cd /tmp && make)", "cat <(cd /tmp && make)", "echo `cd /tmp; make`", "ls \"$(cd /tmp && make)\"",
    "( " * 200 + "make" + " )" * 200,
]  # fmt: skip
"""Something may work elsewhere, or nobody knows where it works."""


def works(line: str) -> list[str | None]:
    return _named(line, "/w", "/home").folders


def outside(line: str) -> list[str | None]:
    return [one for one in works(line) if one is None or not f"{posixpath.normpath(one)}/".startswith("/w/")]


@pytest.mark.parametrize("line", INSIDE)
def test_what_works_in_the_workspace_works_nowhere_else(line: str) -> None:
    assert outside(line) == []


@pytest.mark.parametrize("line", OUTSIDE)
def test_what_may_work_elsewhere_is_seen(line: str) -> None:
    assert outside(line)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("pytest ../x", ["/x"]), ("cd sub && pytest ../tests", ["/w/tests"]), ("cd build && cmake ..", ["/w"]),
        ("python ../x.py a", ["/x.py"]), ("python x.py ../data", ["/w/x.py"]), ("bash ../x.sh", ["/x.sh"]),
        ("python -m pytest -c ../x.ini", ["/x.ini"]), ("env -C /tmp go test ./a", []),
        ("jest --config=/x/a.js", ["/x/a.js"]),
        ("mvn -f../x/pom.xml test", ["/x/pom.xml", "/w/test"]), ("uv run pytest /x", ["/x"]),
        ('for f in ../x y; do bash "$f"; done', ["/x", "/w/y"]),
        ("go vet -run /x .", ["/w/vet", "/w"]),
    ],
)  # fmt: skip
def test_what_code_is_taken_from_is_known(line: str, code: list[str]) -> None:
    found = [posixpath.normpath(one) for one in _named(line, "/w", "/home").code]
    assert found == code


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("cp a /etc/x", ["/etc/x"]), ("cp /etc/x a", ["/w/a"]), ("cp -t /etc a b", ["/etc"]),
        ("mv a ~/x", ["/w/a", "/home/x"]),
        ("cp --target-directory=/etc a", ["/etc"]), ("touch ../x", ["/x"]), ("mkdir -p a /x", ["/w/a", "/x"]),
        ("rm -rf $HOME/x", ["/home/x"]), ("ls | tee /x/y", ["/x/y"]), ("tee /dev/null", []), ("cp -r a /tmp/b", []),
        ("ln -s /usr/bin/x y", ["/w/y"]), ("chmod +x a", ["/w/a"]), ("cd sub && rm ../a", ["/w/a"]),
        ("find . -exec cp {} /x +", ["/x"]),
        ('for d in /x y; do cp a "$d"; done', ["/x", "/w/y"]), ("rsync -a a/ host:b", []), ("cat /etc/x", []),
    ],
)  # fmt: skip
def test_what_is_changed_is_known(line: str, made: list[str]) -> None:
    assert [posixpath.normpath(one) for one in _named(line, "/w", "/home").made] == made


def test_all_folders_count_that_a_program_may_work_in() -> None:
    assert set(works("cd a; make")) == {"/w", "/w/a"}
    assert works("cd a && make") == ["/w/a"]
    assert set(works("cd a && make || npm test")) == {"/w", "/w/a"}
    assert {cwd for one, cwd in Nested("cd a && cp x y", "/w", "/home").commands if one.name == "cp"} == {"/w/a"}


def test_so_many_folders_that_nobody_follows_them_are_not_known() -> None:
    assert None in works("; ".join(f"cd d{number}" for number in range(30)) + "; make")
