"""Where all may run but what is denied, a call that starts what its words say is asked about if they say that."""

from __future__ import annotations

import pytest

from extensions.coder.approvals import decide

DENY = ["rm", "git push", "npm publish", "kubectl delete", "rm -rf"]

WITHIN = [
    "busybox rm x", "parallel rm ::: x", "ls | parallel rm", "script -qec 'rm x' /dev/null", "unshare -r rm x",
    "flock /tmp/l rm x", "strace -f rm x", "gdb -ex 'shell rm x'", "perf stat rm x", "taskset 1 rm x", "su -c 'rm x'",
    "runuser -u x -- rm x", "systemd-run rm x", "echo 'rm x' | at now", "at now <<< 'rm x'", "ssh localhost rm x",
    "ssh -o ProxyCommand='rm x' h", "docker exec c rm x", "kubectl exec p -- rm x", "node -e 'run(\"rm x\")'",
    "python3 -c \"import subprocess; subprocess.run(['git', 'push'])\"", "perl -e 'system \"rm x\"'", "sed '1e rm x' f",
    "awk 'BEGIN{system(\"rm x\")}'", "tclsh <<< 'exec rm x'", "vim -c '!rm x' -c q",
    "ed <<< '!rm x'", "man -P 'rm x' ls",
    "git -c core.pager='rm x' log", "git -c alias.x='!rm x' x", "git rebase -x 'rm x' HEAD~1", "git bisect run rm x",
    "git submodule foreach rm x", "GIT_PAGER='rm x' git log", "LESSOPEN='|rm x' less f", "make --eval='x:;rm x' x",
    "make SHELL='rm x'", "tar xf a --to-command='rm x'", "sort --compress-program=rm f", "split --filter='rm x' f",
    "rsync -e 'rm x' a h:b", "rg --pre rm x", "fd -x rm", "ls | entr rm x", "nodemon --exec 'rm x'", "npx -c 'rm x'",
    "cargo watch -s 'rm x'", "sqlite3 a '.shell rm x'", "psql -c '\\! rm x'", "m4 <<< 'syscmd(rm x)'", "dc -e '!rm x'",
    "tcpdump -i lo -w x -z rm", "socat - EXEC:'rm x'", "nc -e 'rm x' h 1", "tmux new 'rm x'", "bwrap --bind / / rm x",
    "setpriv --reuid 1 rm x", "/lib64/ld-linux-x86-64.so.2 /bin/rm x", "apt -o Dpkg::Pre-Invoke::='rm x' update",
    "mapfile -C 'rm x' -c 1 < f", "hash -p /bin/rm l; l x", "complete -C 'rm x' y; compgen -C 'rm x'",
    "npm --registry x publish", "git --attr-source x push", "declare -a 'a=($(rm x))'", "a=(['x[$(rm y)]']=1)",
]  # fmt: skip

ELSEWHERE = [
    "echo 'rm -rf x'", "grep -rn 'rm -rf' scripts", "git log --grep='git push'", "git commit -m 'rm the old ones'",
    "git checkout -b push", "git -C sub log push", "npm run publish-docs", "npm run build && echo 'npm publish later'",
    "docker run --rm -it x", "python -c 'print(1)'", "sed -i s/a/b/ f", "make clean", "python scripts/rm.py",
    "node -e 'console.log(1)'", "find . -name '*.pyc' -delete", "cat rm.txt", "git diff -- rm", "FOO='a b' make",
    "declare -a a=(1 2); echo ${a[0]}", "kubectl -n x get pods", "ssh host uptime",
    "x=$(python -c 'print(1)'); echo $x",
]  # fmt: skip


@pytest.mark.parametrize("line", WITHIN)
def test_what_is_denied_does_not_run_unasked_within_another_program(line: str) -> None:
    assert decide(line, ["*"], DENY) != "approve"


@pytest.mark.parametrize("line", ELSEWHERE)
def test_what_only_speaks_of_what_is_denied_or_is_something_else_is_not_asked_about(line: str) -> None:
    assert decide(line, ["*"], DENY) == "approve"


def test_a_longer_allowed_entry_goes_before_the_denied_one_that_it_begins_with() -> None:
    allow = ["docker", "docker rm", "docker rm --link"]
    assert decide("docker rm --link web /db", allow, ["docker rm"]) == "approve"
    assert decide("docker rm web", allow, ["docker rm"]) == "deny"
    assert decide("docker rm --link web /db", allow, ["docker rm --link web"]) == "deny"
    assert decide("docker --some rm web", allow, ["docker rm"]) != "approve"


def test_what_an_alias_stands_for_is_judged() -> None:
    assert decide("alias l='rm x'\nl", ["*"], DENY) == "deny"
    assert decide("alias l='ls -la'", ["*"], DENY) == "approve"


@pytest.mark.parametrize(
    "line",
    ["declare -a 'a=($(rm x))'", "declare 'a=($(rm x))'", 'typeset -a "a=(\\$(rm x))"', "readonly -a 'a=($(rm x))'",
     "declare -a a='($(rm x))'", 'x=$(cat f); declare -a "a=$x"', "x=$(cat f); declare -a a=$x", "a=(['x[$(rm y)]']=1)",
     "x='($(rm y))'; declare -a a=$x", "for i; do echo $((i)); done", "x=$(grep -c a *); echo $((x))",
     "x=$(expr substr 'a[$(rm y)]' 1 9); echo $((x))", "read x; a=([$x]=1)"],
)  # fmt: skip
def test_an_array_in_quotes_runs_nothing_unasked(line: str) -> None:
    assert decide(line, ["declare", "typeset", "readonly", "cat", "echo", "grep", "expr", "read"]) == "ask"
    assert decide(line, ["*"], DENY) != "approve"


@pytest.mark.parametrize(
    "line", ["declare -a a=(1 2 3)", "declare -A m=([a]=1 [b]=2)",
     "a=(1 2); printf '%s\\n' \"${a[@]}\""],
)  # fmt: skip
def test_arrays_of_every_day_are_not_asked_about(line: str) -> None:
    assert decide(line, ["declare", "export", "printf", "cat"], DENY) == "approve"
