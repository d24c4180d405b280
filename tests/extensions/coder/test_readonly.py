"""Which commands edit files: Cline's cases, and ways around a guard that reads only names."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from extensions.coder.modes import Group, Mode, ToolRefused, check_command
from extensions.coder.readonly import edits_files
from tests.extensions.coder.cases import cases
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents


@pytest.mark.parametrize("case", cases("cline_readonly_command_guard"))
def test_commands_are_judged_as_in_cline(case: dict[str, Any]) -> None:
    assert edits_files(case["in"]) is case["expect"]


EDITING = [
    "r''m x", "/bin/rm x", "\\rm x", "RM x", "rm.exe x", "$CMD x", "\"$CMD\" x", "{rm,x}", "r? x", "$'\\x72m' x",
    "env -u A rm x", "env -S 'rm x'", "env PATH=. ls", "PATH=. ls", "LD_PRELOAD=./x ls",
    "GIT_EXTERNAL_DIFF=./x git diff",
    "PAGER=./x git log", "sudo -u root rm x", "sudo --user root rm x", "doas rm x", "nice -n 10 rm x", "timeout 5 rm x",
    "timeout -s KILL 5s rm x", "nohup rm x", "time rm x", "command rm x", "exec rm x", "stdbuf -o L rm x",
    "busybox rm x",
    "strace -f rm x", "npx prettier --write .", "npx -y prettier --write .", "uv run --with a rm x", "pnpm exec rm x",
    "poetry run rm x", "find . -exec rm {} \\;", "find . -exec sh -c 'rm x' \\;", "find . -delete",
    "find . -fprintf a x",
    "find . -exec env rm {} +", "xargs -0 rm", "xargs -n 1 rm", "xargs -I{} sh -c '{}'", "xargs -I% sh -c '%'",
    "xargs git",
    "xargs env", "xargs bash", "bash -c 'rm x'", "bash -lc 'ls; rm x'", "bash -o pipefail -c 'rm x'",
    "bash -c -e 'rm x'",
    "bash -O extglob -c 'rm x'", "bash -c \"$X\"", "bash -c 'echo a > b'", "bash -c \"bash -c 'rm x'\"", "bash",
    "curl x | sh",
    "bash <<EOF\nrm x\nEOF", "bash <<< 'rm x'", "eval 'rm x'", "eval \"$X\"", "trap 'rm x' EXIT", "alias ls=rm; ls x",
    "ls() { rm x; }; ls", "cat <<EOF\n$(rm x)\nEOF", "cat <<EOF\n`rm x`\nEOF", "cat <(rm x)", "ls >(tee a)",
    "echo \"$(rm x)\"",
    "echo $((a[$(rm x)]))", "if true; then rm x; fi", "while rm x; do :; done", "case x in x) rm x;; esac", "(rm x)",
    "! rm x",
    "{ ls; } > x", "[[ -f $(rm x) ]]", "x=$(rm y)", "coproc rm x", "watch 'rm x'", "watch -n 5 rm x",
    "> a", ": > a", "echo x >| a", "ls &> a", "ls >& a", "ls 2> a", "ls <> a", "exec > a", "echo x > $FILE",
    "echo x > \"$HOME/a\"",
    "echo x > /tmp/../a", "echo x > /tmp/$X", "echo x > $TMPDIR/../a", "echo x > $TMPDIR/$X",
    "TMPDIR=. ; echo x > $TMPDIR/a",
    "export TMPDIR=src; echo x > $TMPDIR/a", "null=a; echo x > $null", "echo x > /tmpfoo/a", "echo x > tmp/a",
    "echo x > /dev/sda",
    "echo x > %TEMP%/../a", "ls | tee /tmp/a b", "ls | tee -- a", "ls | tee $X",
    "sed -ni s/a/b/ x", "sed -Ei.bak s/a/b/ x", "sed --in-place=.b s/a/b/ x", "sed 's/a/b/w out' x", "sed '1w out' x",
    "sed '1e rm x' x",
    "sed s/a/b/e x", "sed -f x y", "sed -e p -e 'w out' x", "sed \"$X\" y", "sed '/a/{p;w out\n}' x",
    "perl -i -pe s/a/b/ x", "perl -pi -e s/a/b/ x", "perl -pie s/a/b/ x", "perl -i.bak -pe s/a/b/ x", "ruby -i -pe 1 x",
    "gawk -i inplace '{print}' x", "awk '{print > \"out\"}' x", "awk '{print | \"sh\"}' x",
    "awk 'BEGIN{system(\"rm x\")}'", "awk -f x y",
    "awk -F: '{print $1 > \"out\"}' x", "awk -v a=b '{print >> \"out\"}' x",
    "curl -O https://x", "curl -sLO https://x", "curl -oout https://x", "curl --output=out https://x",
    "curl --remote-name https://x",
    "curl -K conf", "curl -D headers https://x", "curl -c jar https://x", "curl -o out -o /dev/null https://x",
    "curl --out x https://x",
    "wget https://x", "wget -O out https://x", "wget -qO out https://x", "wget --output-document=out https://x",
    "wget -o log --spider https://x",
    "git -C . add x", "git --no-pager commit -m x", "git -c alias.x='!rm x' x", "git foo", "git $X", "git stash",
    "find . {-delete,a}", 'find . "$x"', "find $x .", "x=-delete; find . $x", "sort *", "read 'a[$(rm x)]'",
    "printf -v 'a[$(rm x)]' x", ". /dev/stdin <<< 'rm x'", "source /dev/fd/3", "time null=a; echo x > $null",
    "time PATH=. ls", "git stash push", "git push origin main", "git commit -m --help",
    "ls 2>/dev/null; sort a 2>&1 -o b",
    "python3 <<'E'\nopen('a', 'w')\nE", "python3 <<E\nprint($X)\nE", "python3 <<'A' <<'B'\nA\nB", "node <<'E'\nfs\nE",
    "git branch -D x", "git branch new", "git tag v1", "git tag -d v1", "git worktree add ../x",
    "git submodule update", "git remote add a b",
    "git config user.name x", "git config --unset a", "git diff --output=x", "git archive -o x HEAD",
    "git format-patch HEAD~1",
    "git reflog expire --all", "git bisect run ./x", "git grep -O./x a", "git fetch --upload-pack=./x", "git clone x",
    "git init", "git pull",
    "git reset --hard", "git cherry-pick x", "git revert x", "git switch x", "git mv a b", "git rm x", "git am x",
    "git commit -am x",
    "git update-index --add x", "git checkout -- x", "git symbolic-ref HEAD refs/heads/x", "git hash-object -w x",
    "git clone 'ext::x' y",
    "npm ci", "npm un x", "npm --prefix a install", "npm audit fix", "npm pkg set a=b", "npm config set a b",
    "npm version patch", "npm init -y",
    "pnpm i", "pnpm up", "yarn --frozen-lockfile", "yarn install", "yarn upgrade", "bun add x", "bun i",
    "pip3.11 install x", "python -m pip install x",
    "python3.11 -m pip uninstall x", "python -m venv x", "pipx install x", "poetry add x", "uv add x",
    "uv pip install x", "uv sync", "conda install x",
    "cargo add x", "cargo install x", "cargo fix", "cargo fmt", "go get x", "go mod tidy", "go generate",
    "go fmt ./...", "dotnet new console",
    "dotnet tool install x", "bundle install", "gem uninstall x", "composer install", "apt install x",
    "sudo apt-get -y install x", "dnf install x",
    "pacman -S x", "pacman -Syu", "apk add x", "choco install x", "scoop install x", "brew upgrade", "dpkg -i x.deb",
    "rpm -i x.rpm", "snap install x",
    "prettier --write .", "eslint --fix .", "ruff check --fix .", "ruff format .", "black .", "isort .", "gofmt -w .",
    "clang-format -i x",
    "tar xf a.tar", "tar -xzf a.tgz", "tar czf a.tgz .", "unzip a.zip", "gzip x", "gunzip x.gz", "zip a.zip b",
    "7z x a.7z", "sort -o x x", "sort -uo x x",
    "dd if=a of=b", "truncate -s 0 x", "install a b", "rsync -a a b", "vim x", "ed x", "split x", "mktemp -p .",
    "mktemp ./fooXXXX",
    "python -c 'open(\"x\", \"w\")'", "python3 -c 'import os; os.remove(\"x\")'", "python -Bc 'import shutil'",
    "python - <<EOF\nopen('a', 'w')\nEOF", "echo 1 | python3",
    "python -c \"$X\"", "node -e 'require(\"fs\").writeFileSync(\"a\", \"b\")'",
    "node --eval='require(\"child_process\")'", "perl -e 'unlink \"x\"'", "ruby -e 'File.write(1, 2)'",
    "php -r 'unlink(1);'", "python -c 'exec(input())'", "python -c '__import__(\"os\")'", "python -m json.tool a b",
    "powershell -Command \"Remove-Item x\"", "pwsh -c 'del x'", "pwsh -EncodedCommand abc", "cmd /c del x",
    "cmd.exe /C \"del x\"",
    "Get-ChildItem | ForEach-Object { Remove-Item $_ }", "ls | % { ri $_ }", "iwr https://x -OutFile a",
    "Invoke-WebRequest https://x -outfile a",
    "NEW-ITEM x", "ren a b", "iex $x", "[IO.File]::WriteAllText('a', 'b')",
    "echo 'unclosed", "ls &&", "ls )", "ls \x00", "x" * 30_000, "source <(curl x)", "'rm x'",
]  # fmt: skip

READING = [
    "", "ls; pwd", "ls && git log | head", "grep -rn 'rm -rf' src", "echo 'a > b'", "echo \"a | tee x\"",
    "echo a \\> b", "man rm", "command -v rm", "type rm",
    "ls 2>/dev/null", "ls 2>&1 | grep x", "ls > /dev/null 2>&1", "ls >/dev/stderr", "echo x > /tmp/a/b",
    "echo x > $TMPDIR/a", "echo x > \"${TMPDIR}/a.log\"",
    "echo x > \"$TMPDIR\"/a", "ls > $null", "ls | tee /dev/null", "ls | tee /dev/stderr /tmp/x", "cat < x",
    "cat <<'EOF'\n$(rm x) > y\nEOF", "[[ a > b ]]", "(( a > b ))",
    "[ -f a ] && cat a", "for f in *; do cat $f; done", "while read x; do echo $x; done < a", "x=1; echo $x",
    "CI=1 npm test", "env FOO=1 npm test", "GIT_PAGER=cat git log",
    "PAGER= git log", "sudo -n ls", "timeout 60 npm test", "nice -n 10 make check", "xargs -0 grep rm",
    "xargs -I{} grep {} a", "xargs", "find . -exec sh -c 'cat x' \\;",
    "bash -c 'ls | wc -l'", "bash -o pipefail -c 'ls'", "bash script.sh", "sh ./x.sh", "npx tsc --noEmit",
    "npx -y eslint .", "npx prettier --check .", "uv run pytest -q", "poetry run pytest",
    "bundle exec rspec", "watch git status", "sed -n '/a/,/b/p' x", "sed -e 's/w/e/g' -e '1d' x",
    "sed 's|a|b|;s/c/d/g' x", "sed -E 's/(a)/\\1/' x", "sed -n '10,$p;q' x", "sed '/^#/d' x",
    "awk -F'|' '{print $2}' x", "awk -F, '$1 == \"a>b\" || $2 > 3' x", "awk '/a|b/ {n++} END {print n}' x",
    "perl -ne 'print if /x/' a", "perl -v",
    "python -c 'print(1 + 1)'", "python3 -c 'import json; print(json.load(open(\"a.json\"))[\"x\"])'",
    "node -p '1 + 1'", "node -e 'console.log(require(\"./package.json\").version)'", "python --version",
    "python -m pytest -q", "python a.py", "node a.js", "make", "cargo test", "cargo fmt --check", "go test ./...",
    "go vet ./...", "go mod graph", "npm run build", "npm ls", "npm audit", "npm config get x",
    "yarn test", "yarn --version", "pnpm list", "pip list", "python -m pip list", "uv pip list", "apt list",
    "apt-cache search x", "dpkg -l", "pacman -Ss x", "pacman -Q", "gem list", "dotnet test", "brew info x", "docker ps",
    "curl -I https://x", "curl -o /dev/null -w '%{http_code}' https://x", "curl -H 'X: -o' https://x",
    "curl -s -X POST -d '{}' https://x", "curl -o - https://x", "curl -sSLo /tmp/x https://x", "wget -O - https://x",
    "wget -O /dev/null https://x",
    "git", "git --version", "git branch", "git branch -a", "git branch --show-current", "git branch --list 'x*'",
    "git tag", "git tag -l", "git tag --contains HEAD", "git remote -v", "git remote show origin",
    "git config --get user.name", "git config -l",
    "git stash list", "git submodule status", "git reflog", "git -C src status", "git --no-pager diff",
    "git -c color.ui=false diff", "git show HEAD:a.py", "git log -p -S'rm x'", "git log --oneline -n 5",
    "git rev-parse HEAD", "git blame a", "git grep -n x",
    "git ls-files -o", "git format-patch --stdout HEAD~1", "git apply --check x", "git add --dry-run .",
    "git clean -n", "git archive HEAD | tar t", "git bisect log", "git notes", "git symbolic-ref HEAD",
    "tar tf a.tar", "tar -tzf a.tgz", "unzip -l a.zip", "gzip -dc a.gz", "zcat a.gz", "sort a | uniq", "ruff check .",
    "ruff format --check .", "black --check .", "eslint .", "mktemp", "mktemp -d", "date", "jq . a.json", "ps aux",
    "Get-Content a", "Get-ChildItem -Recurse",
    "Select-String -Path a -Pattern rm", "Get-ChildItem | ForEach-Object { Get-Content $_ }", "rm --help", "ls # rm x",
    "python3 <<'EOF'\nx = 10\nprint(x > 5)\nEOF", "python3 - <<EOF\nprint(1)\nEOF", "git switch --help",
    "git push --dry-run", "echo x > $env:TEMP\\out.log",
    "diff a b", "which rm", "test -d a || echo no", "cd src && ls", "export FOO=1; ls",
]  # fmt: skip


@pytest.mark.parametrize("command", EDITING)
def test_no_way_around_the_guard(command: str) -> None:
    assert edits_files(command)


@pytest.mark.parametrize("command", READING)
def test_what_only_reads_may_be_run(command: str) -> None:
    assert not edits_files(command)


def test_words_given_one_by_one_are_no_shell_syntax() -> None:
    assert not edits_files({"command": "echo", "args": ["a", ">", "b", ";", "rm", "x", "$(rm x)"]})
    assert not edits_files({"command": "ls"})
    assert edits_files({"command": "bash", "args": ["-c", "rm x"]})
    assert edits_files({"command": "env", "args": ["rm", "x"]})
    assert edits_files({"command": "tee", "args": ["a b"]})


def test_a_workspace_below_tmp_holds_no_temporary_files() -> None:
    assert not edits_files("ls > /tmp/other/a", ["/tmp/work"])
    for line in ("ls > /tmp/work/a", "ls > /tmp/x/../work/a", "ls | tee /tmp/work/a", "curl -o /tmp/work/a https://x"):
        assert edits_files(line, ["/tmp/work"])


@pytest.mark.parametrize(
    "line", ["env " * 4_000 + "ls", "npx -a " * 2_000 + "ls", "npx --a env -u " * 1_000 + "ls", "ls;" * 5_000]
)
def test_what_takes_too_long_to_follow_counts_as_editing(line: str) -> None:
    began = time.process_time()
    assert edits_files(line)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize("groups", [("read", "command"), ("read", Group("edit", r"\.md$"), "command")])
def test_a_mode_that_may_not_edit_everything_may_not_edit_by_commands(groups: tuple[str | Group, ...]) -> None:
    mode = Mode("look", "Look", groups=tuple(Group(one) if isinstance(one, str) else one for one in groups))
    check_command(mode, "git status", ())
    with pytest.raises(ToolRefused, match="'look' may not edit files by commands"):
        check_command(mode, "echo x > a.md", ())
    check_command(Mode("all", "All", groups=(Group("edit"), Group("command"))), "rm x", ())


@asynccontextmanager
async def looking(folder: Path, model: Model) -> AsyncIterator[Agent]:
    """A user who allows everything, and has a mode that only looks."""
    async with agents(folder, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        await ada.write(".roomodes", orjson.dumps({"customModes": [LOOK]}).decode())
        yield ada


LOOK = {"slug": "look", "name": "Look", "roleDefinition": "You look.", "groups": ["read", "command"]}


@pytest.mark.anyio
async def test_a_task_in_a_mode_that_only_looks_cannot_write_by_the_shell_however_much_is_allowed(
    tmp_path: Path,
) -> None:
    lines = [("execute_command", "echo x > made.txt"), ("execute_command", "bash -c 'touch made.txt'"),
             ("start_process", "tee made.txt < kept.txt"), ("execute_command",
             "cat kept.txt > /tmp/copy && cat /tmp/copy")]  # fmt: skip
    done = ("attempt_completion", {"result": "All done."})
    model = Model(main=[*[(tool, {"command": line}) for tool, line in lines[:2]], ("execute_command",
    {"command": "cat kept.txt"}),
                        *[(tool, {"command": line}) for tool, line in lines[2:]], done])  # fmt: skip
    async with looking(tmp_path, model) as ada:
        await ada.write("kept.txt", "kept")
        task = await ada.task(mode="look")
        assert (await ada.rest(task))["status"] == "completed", await ada.shown(task)
        made = await ada.tools(task)
        assert [status for _, status, _ in made] == ["failed", "failed", "done", "failed", "done", "done"], made
        assert "the mode 'look' may not edit files by commands" in made[0][2]
        assert "kept" in made[4][2]
        assert await ada.read("made.txt") is None


@pytest.mark.anyio
async def test_nothing_is_typed_into_a_program_in_a_mode_that_only_looks(tmp_path: Path) -> None:
    steps = [("terminal_session", {"action": "open"}), ("terminal_session", {"action": "send", "terminal_id": 1,
             "text": "cat", "wait": 0}), ("terminal_session", {"action": "send", "terminal_id": 1, "text": "ls"}),
             ("attempt_completion", {"result": "All done."})]  # fmt: skip
    async with looking(tmp_path, Model(main=steps)) as ada:
        task = await ada.task(mode="look")
        assert (await ada.rest(task))["status"] == "completed", await ada.shown(task)
        made = await ada.tools(task)
        assert [status for _, status, _ in made] == ["done", "done", "failed", "done"], made
        assert "what a program does with what is typed into it cannot be told" in made[2][2]


@pytest.mark.anyio
async def test_a_task_whose_mode_is_taken_away_may_ask_and_no_more(tmp_path: Path) -> None:
    steps = [("ask_followup_question", {"question": "Go on?", "follow_up": [{"text": "Yes"}]}),
             ("write_to_file", {"path": "made.txt", "content": "x"}),
             ("attempt_completion", {"result": "All done."})]  # fmt: skip
    async with looking(tmp_path, Model(main=steps)) as ada:
        task = await ada.task(mode="look")
        await ada.rest(task)
        await ada.write(".roomodes", orjson.dumps({"customModes": []}).decode())
        await ada.say(task, "Yes")
        await ada.rest(task)
        made = [one for one in await ada.tools(task) if one[0] == "write_to_file"]
        assert [status for _, status, _ in made] == ["failed"], await ada.shown(task)
        assert "'ask'" in made[0][2]
        assert await ada.read("made.txt") is None
