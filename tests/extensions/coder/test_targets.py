"""Protected files that a command line names as what it writes: leave for them is asked, whatever may run unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.coder.access import Protection
from extensions.coder.nested import Nested
from extensions.coder.targets import protected, targets
from tests.extensions.coder.scripted import WHOLE, Model, agents

NAMED = [
    "cp x .roomodes", "cp x .ROOMODES", "cp x ./sub/../.roomodes", "mv a AGENTS.md", "mv AGENTS.md a", "ln -s /x .roo",
    "ln -sfn a .vscode", "cp -r evil/.vscode .", "cp x .git/hooks/pre-commit", "cd .git && cp x hooks/pre-commit",
    "cd .git/hooks; cp /x pre-commit", "tee .vscode/tasks.json", "echo x | tee -a .clinerules", "dd if=a of=.roomodes",
    "install -m755 x .git/hooks/pre-commit", "rm .rooignore", "rm -f '.rooignore'", 'rm .roo"ignore"',
    'rm .rooi\\gnore', "rm .roo*", "rm .r?omodes", "rm .[r]oomodes", "touch {.roomodes,a}", "touch .room{odes,x}",
    "cp x ~/.bashrc", "cp x $HOME/.bashrc", 'cp x "${HOME}/.ssh/config"', 'cp x "$PWD"/.roomodes',
    "cp x $(pwd)/.roomodes", "cp x ${PWD}/.git/config", "echo x > .roomodes", "echo x >> AGENTS.md",
    "cat > .vscode/settings.json <<E\nx\nE", "cat a >| .roo/mcp.json", "ls &> .clinerules", "ls 2>.roo/rules/a.md",
    "env cp x .roomodes", "timeout 5 cp x .roomodes", "bash -c 'cp x .roomodes'", "sudo cp x .roomodes",
    'find . -exec cp {} .roomodes \\;', "xargs -I{} cp {} .roomodes", "git mv a .roomodes",
    "git checkout main -- .roomodes", "git restore .vscode/settings.json", "git rm .rooignore", "git clone x .roo",
    "git init .vscode", "sed -i s/a/b/ .roomodes", "perl -pi -e s/a/b/ AGENTS.md", "sort -o .roomodes a",
    "gcc a.c -o .roomodes", "curl -o .roomodes http://x", "wget -O .roomodes http://x", "tar -C .vscode -xf a.tar",
    "tar xf a.tar -C .git/hooks", "unzip a.zip -d .vscode", "rsync -a x/ .roo/", "truncate -s0 .rooignore",
    "chmod 777 .git/hooks/x", "split a .git/hooks/", "patch .roomodes x.diff", "uniq a .roomodes",
    "xxd -r a .roomodes", "time cp x .roomodes", "if true; then cp x .roomodes; fi", "(cp x .roomodes)",
    "for f in a; do cp $f .roomodes; done", "echo $(cp x .roomodes)", "mkdir -p .roo/rules", "cp x home/.ssh/config",
    "rm -r .git", "mv .git g", "cp --target-directory=.vscode x", "cp -t .vscode x",
    "openssl enc -in a -out .roomodes", "! cp x .roomodes", "nohup cp x .roomodes", "cp x /w/.roomodes",
    "cp x //w//.roomodes", "cp x ../w/.roomodes", "pushd .roo; touch a", "eval 'cp x .roomodes'",
    "command cp x .roomodes", '\\cp x .roomodes', "/bin/cp x .roomodes", "cp x team.code-workspace",
    "cp x .clinerules-code", "go build -o .git/hooks/pre-commit", "eslint -o .vscode/settings.json a",
    "ctags -f .bashrc a", "bash -c 'env cp x .roomodes'", "sudo bash -c 'nice rm .roomodes'", "eval 'env rm .roomodes'",
    "bash -c 'echo x > .roomodes'", "bash -c 'cd .roo && rm a'", "sh -c \"bash -c 'rm .roomodes'\"",
    "cp x $(echo .roomodes)", 'cp x "$(echo .roomodes)"', "cp x .roo$(echo modes)", "touch $(echo a AGENTS.md)",
    "echo x > `echo .roomodes`", "cp x $(echo $(echo .roomodes))", "rm -r $(echo ./.git)",
    "bash -c 'find . -exec cp {} .roomodes +'", "env sh -c 'cat a >> AGENTS.md'", "cd .roo && sh -c 'rm rules.md'",
]  # fmt: skip

HARMLESS = [
    "cp a b", "cat .roomodes", "git add .vscode/settings.json", "git diff AGENTS.md", "ls .git", "grep x .git/config",
    "test -f AGENTS.md", "rm *.md", "rm -rf build", "cp *.py bak/", "git checkout main", "git checkout -b x",
    "mkdir -p src/roo", "tar czf a.tgz --exclude=.git src", "echo AGENTS.md > list.txt", "echo x > /dev/null",
    "rsync -a --exclude .git a/ b/", "find . -not -path './.git/*'", "git status > out.txt", "sed -n 1p AGENTS.md",
    "sort a > b", "cat AGENTS.md | tee copy.md", "rm $x", "cp $a $b", 'cp "$f" out/', "mv src/* lib/",
    "rm -r node_modules", "touch .gitignore .env", "rm .env.*", "cp .env.example .env",
    "cp .github/x.yml .github/y.yml", "echo hi", "npm test", "git clone https://x/y.git", "chmod +x a.sh",
    "curl -s http://x", "go build ./...", "gcc -o app a.c", "cp a $(echo b)", "echo $(echo .roomodes)",
]  # fmt: skip


def found(line: str) -> list[str]:
    return protected(targets(Nested(line, "/w", "/home"), "/home"), Protection("/w"))


@pytest.mark.parametrize("line", NAMED)
def test_a_protected_file_is_seen_in_what_a_line_writes(line: str) -> None:
    assert found(line)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_only_reads_such_a_file_or_writes_another_is_let(line: str) -> None:
    assert found(line) == []


def test_the_files_are_told_as_they_are_after_folders_were_changed() -> None:
    assert found("cd sub && cp a ../.roomodes") == ["/w/.roomodes"]
    assert found("cp a ~/.bashrc") == ["/home/.bashrc"]
    assert found("touch {.roomodes,AGENTS.md}") == ["/w/AGENTS.md", "/w/.roomodes"]


@pytest.mark.anyio
@pytest.mark.parametrize("tool", ["execute_command", "start_process"])
async def test_a_command_that_writes_such_a_file_is_asked_about_even_where_all_commands_may_run(
    tool: str, tmp_path: Path
) -> None:
    calls = [(tool, {"command": "echo x > notes.md"}), (tool, {"command": "echo x > .roomodes"})]
    async with agents(tmp_path, Model(main=calls)) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        waiting = await ada.rest(await ada.task())
        assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "approval")
        assert await ada.read(".roomodes") is None
        assert await ada.read("notes.md") == "x\n"
