"""What arithmetic of the shell would run out of a variable is never run unasked, and counting is not asked about."""

from __future__ import annotations

import pytest

from extensions.coder.approvals import decide
from extensions.coder.readonly import edits_files

ALLOW = ["ls", "cat", "wc", "echo", "seq", "date", "git", "head", "sleep", "stat", "read", "printf", "let", "declare",
         "test", "bash", "env", "export", "mapfile", "grep", "npm test", "expr", "tr", "eval", "find"]  # fmt: skip

HELD = "x='a[$(rm y)]'; "
RUNS = [
    *(HELD + then for then in (
        "echo $((x))", "(( x ))", "echo $((1 + x))", "[[ x -eq 1 ]]", "[[ $x -gt 1 ]]", "let x", "echo ${y:x}",
        "echo ${y:0:x}", "echo ${y[x]}", "echo $[x]", "z[x]=1", "for ((i=x;i<1;i++)); do ls; done", "declare -i z=x",
        "declare -i z; z=x", "y=x; echo $((y))", "y=$x; echo $((y))", 'y="$x"; (( y ))', "[[ -v $x ]]", "test -v $x",
        "(echo $((x)))", "echo $(echo $((x)))", "eval 'echo $((x))'",
    )),
    "x='a[`rm y`]'; echo $((x + 1))", 'x="a[\\$(rm y)]"; echo $((x))', "x=a[\\$(rm\\ y)]; echo $((x))",
    "read x <<< 'a[$(rm y)]'; echo $((x))", "read -r x < f; echo $((x))", "read < f; echo $((REPLY))",
    "mapfile -t a < f; echo $((a[0]))", "mapfile < f; (( MAPFILE ))", "for x in 'a[$(rm y)]'; do echo $((x)); done",
    "x=$(cat f); echo $((x))", "x=`cat f`; (( x > 1 )) && ls", "x=$(cat f); [[ $x -gt 3 ]]", "echo $(( $(cat f) ))",
    "[[ $(cat f) -eq 1 ]]", "echo ${y:$(cat f)}", "echo $((1 + `head -1 f`))", "x=$(date '+a[$(rm y)]'); echo $((x))",
    "x=$(seq -f %g 3); echo $((x))", "x=$(grep -rc a .); echo $((x))", "x=$(wc -l f; cat g); echo $((x))",
    "x=$(wc -l f | cat - g); echo $((x))", "while read n; do s=$((s + n)); done < f", "x=$(ls); for i in $x; do "
    "echo $((i)); done", "export x='a[$(rm y)]'; echo $((x))", "env x='a[$(rm y)]' bash -c 'echo $((x))'",
    "x='a[$(rm y)]' bash -c 'echo $((x))'", "bash -c 'echo $(($1))' _ 'a[$(rm y)]'", "a=(1 'b[$(rm y)]'); echo $((a))",
    "a=(1 $(cat f)); echo $((a[1]))", "x=$(printf 'a[%s]' y); echo $((x))", "x=${y:-a}; z=$x; w=$z; echo $((w))",
]  # fmt: skip

COUNTS = [
    "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i + 1)); done", "for i in 1 2 3; do echo $((i * 2)); done",
    "for i in {1..5}; do echo $((i * 2)); done", "for i in $(seq 1 5); do echo $((i * 2)); done",
    "n=$(wc -l < f); echo $((n + 1))", 'n=$(cat f | wc -l); echo "$((n / 2))"',
    "n=$(cat f | wc -l | tr -d ' '); echo $((n + 1))", "n=$(grep -c a f); if (( n > 3 )); then echo x; fi",
    "start=$(date +%s); npm test; end=$(date +%s); echo $((end - start))", "n=0; for f in *.py; do ((n++)); done",
    "x=$(git status --porcelain | wc -l); [[ $x -gt 0 ]] && echo dirty", "[[ $(ls | wc -l) -eq 0 ]] && echo none",
    "echo $(( $(wc -l < a) + $(wc -l < b) ))",
    "files=(a b); for ((i=0;i<${#files[@]};i++)); do echo ${files[$i]}; done",
    "files=(a b c); echo ${files[0]} ${files[-1]}", "arr=($(ls)); echo ${arr[0]}", "x=abc; echo ${x:0:2}",
    "sha=$(git rev-parse HEAD); echo ${sha:0:7}", "declare -A m; m[a]=1; k=$(cat f); echo ${m[$k]}",
    "a=5; b=$a; echo $((a + b))", "if [[ $? -eq 0 ]]; then echo ok; fi", "sleep $((RANDOM % 3))",
    "start=$SECONDS; npm test; echo $((SECONDS - start))", "n=0; while read -r l; do n=$((n + 1)); done < f; echo $n",
    "n=$(git rev-list --count HEAD); git log --skip $((n - 1))", "echo $((2 ** 10)) $((0x1f)) $((COLUMNS / 2))",
    "x='see [docs]'; echo \"$x\"", "s=$(stat -c %s f); echo $((s / 1024))", "x=$(cat f); echo ${x:-none} ${x%.*}",
]  # fmt: skip


@pytest.mark.parametrize("line", RUNS)
def test_what_arithmetic_may_run_out_of_a_variable_is_asked_about(line: str) -> None:
    assert decide(line, ALLOW) == "ask"
    assert decide(line, ["*"], ["rm"]) != "approve"


@pytest.mark.parametrize("line", COUNTS)
def test_nobody_is_asked_about_counting(line: str) -> None:
    assert decide(line, ALLOW, ["rm"]) == "approve"


def test_a_mode_that_may_not_edit_does_not_by_arithmetic() -> None:
    assert edits_files("x=$(cat f); echo $((x))")
    assert not edits_files("n=$(wc -l < f); echo $((n + 1))")
