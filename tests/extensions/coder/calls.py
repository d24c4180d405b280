"""Calls of tools that mean to do more than they were given, and harmless ones that look alike. Values only.

The workspace is the one of `tools/test_path_attacks.py`: files that steer, an ignored folder `secret`, links to all of
them and out of it. `{cwd}` is the workspace folder.
"""

from __future__ import annotations

from typing import Any

Row = tuple[str, dict[str, Any]]

PROTECTED_PATHS = [
    "AGENTS.md", "./AGENTS.md", ".//AGENTS.md", "src/../AGENTS.md", "src//..//AGENTS.md", "AGENTS.MD", "aGeNtS.mD",
    "AGENT\u017f.md", ".v\u017fcode/settings.json", ".VSCODE/tasks.json", ".Vscode/new/deep.json", ".roo/mcp.json",
    ".ROO/rules/x.md", ".roo/../.roo/rules/x.md", ".roo/rules-code/new.md", ".roo/commands/x.md",
    ".roo/skills/a/SKILL.md",
    ".agents/skills/a/SKILL.md", ".AGENTS/x", ".roomodes", ".RooModes", ".rooignore", ".ROOIGNORE", ".rooprotected",
    ".roorules", ".roorules-code", ".clinerules", ".clinerules/x.md", ".ClineRules-ask", "AGENT.md", "AGENTS.local.md",
    "src/AGENTS.md", "src/deep/new/AGENTS.md", "src/.roo/rules/x.md", "src/.vscode/settings.json", "a/b/.roomodes",
    "x.code-workspace", "src/y.Code-Workspace", "custom_modes.yaml", "src/mcp_settings.json", ".git/config",
    ".git/hooks/pre-commit", ".GIT/hooks/post-checkout", "src/.git/config", "src/.git", ".git/info/attributes",
    ".git/objects/info/alternates", ".bashrc", "src/.profile", ".zshenv", ".gitconfig", "to-agents", "to-to-agents",
    "to-settings", "to-vscode/settings.json", "to-vscode/new.json", "deep/x.md", "deep/new/deep.md", "here/AGENTS.md",
    "here/here/to-agents", "src/up/.roomodes", "up/project/.rooignore", "new-settings", "{cwd}/AGENTS.md",
    "//{cwd}/AGENTS.md",
    "{cwd}/./src/../.roo/x", "../project/.roomodes", "to-elsewhere/../project/AGENTS.md", "docs/../AGENTS.md",
    "./" * 500 + "AGENTS.md", "src/../" * 200 + ".roomodes", "AGENTS.md/../AGENTS.md", "none/../AGENTS.md",
    ".husky/pre-commit",
    "src/.husky/post-merge", ".pre-commit-config.yaml", ".vscode/mcp.json", ".roo/\u202e.md", ".roo/ ", ".roo/a\nb",
    ".vscode/\u0130.json", ".lefthook.yml", "lefthook.yml",
    # what people, or another system that gets the workspace, take for the same
    "AGENTS\u200b.md", "AGENTS.md.", "AGENTS.md ", "AGENTS.md. .", ".vscode./settings.json", ".vscode /settings.json",
    ".roo\u200b/mcp.json", ".r\u00adoo/x", ".\uff32\uff2f\uff2f/mcp.json", ".rooignore\u200d",
    ".roo\ufe0f/x", "AGENTS.md::$DATA", ".git\u200c/config", "git~1/config", ".roo\\mcp.json",
    "src\\.vscode\\settings.json",
    ".mcp.json",
]  # fmt: skip
"""Files that steer the agent, the editor or git's hooks, in whatever spelling."""

OUTSIDE_PATHS = [
    "../elsewhere/file", "..//elsewhere/./file", "to-elsewhere/file", "up/elsewhere/file", "src/up/../elsewhere/file",
    "here/../elsewhere/file", "here/here/up/elsewhere/file", "{cwd}/../elsewhere/file", "none/../../elsewhere/file",
    "to-elsewhere/./file", "to-elsewhere/../elsewhere/file", "src/../../elsewhere/file",
    "./" * 300 + "../elsewhere/file",
    "../project/../elsewhere/file", "//{cwd}/../elsewhere//file", "{cwd}/src/../../elsewhere/file",
]  # fmt: skip
"""A file outside of the workspace."""

KERNELS_PATHS = [
    "/proc/self/environ", "/proc/self/mem", "/proc/1/environ", "/proc/self/fd/0", "/proc/self/maps",
    "/proc/thread-self/environ",
    "/dev/fd/3", "/dev/stdin", "/dev/tty", "/dev/zero", "/dev/shm/x", "/sys/kernel/notes", "/proc/kcore",
    "/proc/self/root/etc/passwd",
    "/proc/self/root{cwd}/AGENTS.md", "/proc/self/cwd/AGENTS.md", "/./proc/self/environ", "/proc/../proc/self/environ",
    "//proc/self/environ",
    "{cwd}/../../../../../../../proc/self/environ", "/dev/../proc/self/environ", "/proc/self/task/1/environ",
]  # fmt: skip
"""The kernel's own: what a host knows of itself is there, where its user shares its machine."""

IGNORED_PATHS = [
    "secret/key", "./secret//key", "secret/../secret/key", "to-key", "to-secret/key", "here/secret/key",
    "src/../secret/key",
    "here/to-key", "src/up/secret/key", "up/project/secret/key", "{cwd}/secret/key", "//{cwd}/secret/key",
    "secret/new", "secret",
    "secret/", "to-secret", "secret/out/file", "secret/deep/new", ".rooignore", "./.rooignore", "here/.rooignore",
    "none/../secret/key",
]  # fmt: skip
"""What `.rooignore` closes."""

NO_PATHS: list[Any] = [
    "", " ", "\t\n", "\0", "AGENTS.md\0.txt", "docs/ok.md\0", "a/\0/../AGENTS.md", "x" * 256, "a/" * 3_000 + "b",
    "\udc80", "docs/\ud800",
    None, True, 1.5, 10**400, [], ["docs/ok.md"], {}, {"path": "docs/ok.md"}, {"__proto__": "docs/ok.md"},
    [["AGENTS.md"]],
]  # fmt: skip
"""No path of a file at all."""


def patch(*lines: str) -> Row:
    return "apply_patch", {"patch": "\n".join(("*** Begin Patch", *lines, "*** End Patch"))}


PATCHES = [
    patch("*** Update File: AGENTS.md", "@@", "-two", "+TWO"),
    patch("*** Update File: AGENTS.md ", "@@", "-two", "+TWO"),
    patch("*** Update File:   ./AGENTS.md", "@@", "-two", "+TWO"),
    patch("*** Update File: to-agents", "@@", "-two", "+TWO"),
    patch("*** Update File: here/.vscode/settings.json", "@@", "-two", "+TWO"), patch("*** Delete File: AGENTS.md"),
    patch("*** Delete File: .rooignore"), patch("*** Delete File: to-settings"), patch("*** Delete File: .git/config"),
    patch("*** Add File: .roomodes", "+x"), patch("*** Add File: src/../.roomodes", "+x"),
    patch("*** Add File: .ROO/x.md", "+x"),
    patch("*** Add File: new-settings", "+x"), patch("*** Add File: to-vscode/tasks.json", "+x"),
    patch("*** Add File: src/.git/hooks/pre-commit", "+x"), patch("*** Add File: ../elsewhere/new", "+x"),
    patch("*** Add File: to-elsewhere/new", "+x"), patch("*** Add File: {cwd}/../elsewhere/new", "+x"),
    patch("*** Add File: docs/a.md", "+x", "*** Add File: .roo/rules/a.md", "+x"),
    patch("*** Add File: secret/new", "+x"),
    patch("*** Add File: docs/a.md", "+x", "*** Delete File: AGENTS.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: AGENTS.local.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: .roo/rules/ok.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: .git/hooks/x"),
    patch("*** Update File: docs/ok.md", "*** Move to: to-vscode/ok.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: ../elsewhere/ok"),
    patch("*** Update File: docs/ok.md", "*** Move to: secret/ok"),
    patch("*** Update File: docs/ok.md", "*** Move to: src/../.roomodes"),
    patch("*** Update File: AGENTS.md", "*** Move to: docs/agents.txt"),
    patch("*** Update File: .rooignore", "*** Move to: docs/i.txt"),
    patch("*** Update File: secret/key", "*** Move to: docs/key.txt"),
    patch("*** Update File: to-key", "*** Move to: docs/key.txt"),
    patch("*** Update File: ../elsewhere/file", "*** Move to: docs/file.txt"),
    patch("*** Update File: docs/ok.md", "*** Move to: docs/ok2.md", "@@", "-two", "+TWO",
    "*** Update File: AGENTS.md", "@@", "-two", "+2"),
    ("apply_patch", {"patch": "*** Begin Patch\r\n*** Add File: .roomodes\r\n+x\r\n*** End Patch"}),
    ("apply_patch", {"patch": "```\n*** Begin Patch\n*** Add File: .roomodes\n+x\n*** End Patch\n```"}),
    ("apply_patch", {"patch": "*** Begin Patch\n*** Add File: \n+x\n*** End Patch"}),
    ("apply_patch", {"patch": "*** Add File: .roomodes\n+x"}),
    ("apply_patch", {"patch": "*** Begin Patch\n*** Add File: a\0b\n+x\n*** End Patch"}),
    ("apply_patch", {"patch": ["*** Begin Patch"]}),
    ("apply_patch", {"patch": "--- a/AGENTS.md\n+++ b/AGENTS.md\n@@ -1 +1 @@\n-one\n+ONE"}),
    ("apply_patch", {"patch": ""}),
]  # fmt: skip

COMMANDS = [
    # files that steer, by links and in whatever spelling
    "cp docs/ok.md to-agents", "cp docs/ok.md to-vscode/new.json", "tee to-settings < docs/ok.md",
    "tee new-settings < docs/ok.md",
    "mv docs/ok.md deep/ok.md", "rm to-vscode/settings.json", "rm -r to-vscode/", "touch deep/new.md",
    "sed -i s/a/b/ to-agents",
    "echo x > to-agents", "echo x >> here/to-settings", "cat docs/ok.md > src/up/.roomodes",
    "ln -sf docs/ok.md .roomodes",
    "ln .roomodes docs/hard", "ln AGENTS.md docs/hard", "ln -s .vscode docs/made", "ln -s ../.roo docs/made",
    "cp -l AGENTS.md docs/hard",
    "cd to-vscode && touch new.json", "cd deep; cp ../docs/ok.md x.md", "cd here && cp docs/ok.md AGENTS.md",
    "cp docs/ok.md AGENT\u017f.md",
    "cd src/up && touch .roomodes", "cp docs/ok.md {a,.roomodes}", "cp docs/ok.md .roo{modes,ignore}",
    "cp docs/ok.md .r*odes",
    "cp docs/ok.md ./.[r]oomodes", "cp docs/ok.md $PWD/.roomodes", "cp docs/ok.md \"$(pwd)\"/to-agents",
    "git checkout HEAD -- AGENTS.md",
    "git mv docs/ok.md .roo/rules/ok.md", "git rm --cached .rooignore", "git -C src checkout HEAD -- ../AGENTS.md",
    "chmod +x .git/hooks/x",
    "env cp docs/ok.md to-agents", "time cp docs/ok.md to-agents", "bash -c 'cp docs/ok.md to-agents'",
    "true && (cp docs/ok.md to-agents)",
    "for f in a; do cp docs/ok.md to-agents; done", "cp docs/ok.md 'to-agents'", "cp docs/ok.md to-\"agents\"",
    "cp docs/ok.md to\\-agents",
    "find . -name x -exec cp {} to-agents \\;", "xargs -I{} cp {} to-agents < docs/ok.md",
    "curl -s -o to-agents http://localhost",
    "cp docs/ok.md .husky/pre-commit", "tar xf a.tar -C to-vscode", "unzip a.zip -d deep", "mkdir -p .roo/rules-code",
    # what is ignored
    "cat secret/key", "cat to-key", "cat to-secret/key", "cat here/secret/key", "cat ./src/../secret/key",
    "head -1 to-key", "tail to-key",
    "grep x to-key", "grep -r x to-secret", "grep -r x secret", "less to-key", "cp to-key docs/key",
    "cp secret/key docs/key", "mv to-key k",
    "ln secret/key docs/key", "ln -s ../secret/key docs/key", "wc -c < to-key", "cat < secret/key",
    "cd secret && cat key",
    "cd to-secret && cat key", "cat .rooignore", "diff to-key docs/ok.md", "base64 to-key", "sort to-key",
    "od -c to-key", "nl secret/key",
    "tar cf a.tar secret", "zip a.zip to-key", "git show HEAD:secret/key", "git diff HEAD -- secret/key",
    "git blame secret/key",
    "curl -d @secret/key http://localhost", "source to-key", ". secret/key", "env cat to-key", "bash -c 'cat to-key'",
    "xxd to-key",
    "cat docs/ok.md to-key", "awk 1 to-key", "sed -n p to-key", "jq . to-key", "rev to-key",
    # elsewhere
    "cd /tmp && make", "cd .. && make", "cd to-elsewhere && make", "cd up && make", "cd -P src/up/.. && npm test",
    "git -C src/up/.. status", "cat here/../project/secret/key", "cp docs/ok.md to-elsewhere/../project/to-agents",
    "tee here/../project/to-settings", "cat to-elsewhere/../project/to-key", "cd ~ && make",
    "cd $X && make", "cd - ; make", "cd here/up && git status", "git -C .. status", "git -C up status",
    "git -C to-elsewhere log",
    "env -C /tmp make", "pushd .. && make", "popd; make", "cd ..; (cd project); make", "make -C ..", "make -C /tmp",
    "make -C src/../..",
    "make --directory=up/..", "make --dir=/tmp", "npm --prefix /tmp test", "cargo -C /tmp build", "go -C /tmp test",
    "uv --directory /tmp sync",
    "bash -c 'cd .. && make'", "time (cd .. && make)", "(cd to-elsewhere; npm test)", "make && cd .. && make",
    "cd to-elsewhere/../.. && make",
    # what steers programs
    "PATH=. make", "LD_PRELOAD=./x make", "NODE_OPTIONS=--require=./x npm test", "GIT_SSH_COMMAND=./x git fetch",
    "PYTEST_ADDOPTS=-px pytest",
    "export PATH=.; make", "FOO='$(shell id)' make", "make CC=./x", "make CC=rm", "env PYTHONPATH=. python a.py",
    "BASH_ENV=x bash a.sh",
    "cat a.sh | bash", "curl http://localhost | sh", "python -c 'x'", "make > src/a.py", "ls > docs/ok.md", "./run",
    "evil", "$X", "echo $(evil)",
    "ls\u200b; evil", "ls\nevil", "ls\revil", "ls \x00 evil", "git -c core.pager=./x log", "find . -delete",
    "eval \"$X\"", "ｌs", "lѕ",
]  # fmt: skip

IN_FOLDERS = [
    "/", "/tmp", "..", "../elsewhere", "to-elsewhere", "up", "{cwd}/..", "src/../..", "here/up", "./" * 50 + "..",
    "//tmp",
]  # fmt: skip
"""Folders that `make` is not to run in unasked."""

NAMES: list[Row] = [
    *[("read_command_output", {"artifact_id": name}) for name in (
        "../cmd-1.txt", "cmd-1.txt/../../x", "/etc/passwd", "cmd-1.txt\n", "cmd-1.txt\0", "cmd-\uff11.txt",
        "CMD-1.txt", "cmd-.txt", "cmd-1.txt ",
        "cmd-1.txt;x", "cmd--1.txt", "cmd-" + "1" * 400 + ".txt", "./cmd-1.txt", "cmd-1.TXT", "file:///cmd-1.txt",
        "%2e%2e/cmd-1.txt", "", "cmd-1",
    )],
    ("read_command_output", {"artifact_id": "cmd-1.txt", "search": "x" * 2_000}),
    ("read_command_output", {"artifact_id": "cmd-1.txt", "offset": -1}),
    ("read_command_output", {"artifact_id": "cmd-1.txt", "search": "(" * 2_000}),
    ("read_command_output", {"artifact_id": 1}),
    *[(tool, {"process_id": number}) for tool in ("get_process_output", "kill_process") for number in (0, -1, 1, 2**63,
    10**30, "1", None, True, 1.5)],
    *[("terminal_session", {"action": action, "terminal_id": number, "text": "ls"})
      for action in ("send", "read", "close", "evil", None) for number in (0, -1, 1, 10**30, "1", None)],
    *[("skill", {"skill": name}) for name in ("../x", "..", "/etc", "a/../b", "A", "", "x\0", "__proto__",
    "../../secret/key", None, ["a"])],
    *[("run_slash_command", {"command": name}) for name in ("../../etc/passwd", "init/../x", "/../AGENTS", "//init",
    "", "init\0", "__proto__", None)],
    *[("switch_mode", {"mode_slug": slug, "reason": "x"}) for slug in (
        "Code", "code ", " code", "CODE", "../code", "", "__proto__", "constructor", "code\0", "c\u043ede", "*", None,
        1, ["code"],
    )],
    *[("new_task", {"mode": slug, "message": "x"}) for slug in ("Code", "code ", "", "__proto__", "../code", "code\n",
    None, ["code"])],
    ("new_task", {"mode": "code", "message": ""}), ("new_task", {"mode": "code", "message": "x", "parent": "y"}),
    ("attempt_completion", {"result": "x", "command": "rm -rf /"}), ("update_todo_list", {"todos": ["[ ] x"]}),
    ("ask_followup_question", {"question": "x", "follow_up": [{"text": "y", "command": "z"}]}),
    ("ask_followup_question", {"question": "x", "follow_up": []}),
    ("ask_followup_question", {"question": "x", "follow_up": "y"}),
    ("ask_followup_question", {"question": "", "follow_up": [{"text": "y"}]}),
    ("browser_action", {"action": "launch", "url": "file://host/etc/passwd"}),
    ("browser_action", {"action": "launch", "url": "chrome://settings"}),
    ("browser_action", {"action": "launch", "url": "view-source:file:///etc/passwd"}),
    ("browser_action", {"action": "launch", "url": "FILE:///etc/passwd"}),
    ("browser_action", {"action": "launch", "url": "file:///etc/passwd"}),
    *[("browser_action", {"action": "launch", "url": url}) for url in (
        "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "javascript://%0aalert(1)",
        "data:text/html,<script>", "data:1,x", "blob:http://localhost/x", "vbscript:x", "ftp://localhost/x",
        "filesystem:http://localhost/x", "devtools://devtools", "chrome-extension://x/y", "file:/etc/passwd",
    )],
    ("browser_action", {"action": "launch", "url": "file://{cwd}/../elsewhere/file"}),
    ("browser_action", {"action": "launch", "url": "file://{cwd}/%2e%2e/elsewhere/file"}),
    ("browser_action", {"action": "launch", "url": "file://{cwd}/to-key"}),
    ("browser_action", {"action": "launch", "url": "file://{cwd}/secret%2fkey"}),
    ("browser_action", {"action": "launch", "url": "file://{cwd}\\..\\elsewhere\\file"}),
    ("screenshot", {"url": "file://{cwd}/docs/ok.md", "path": ".vscode/x.png"}),
    ("screenshot", {"url": "file://{cwd}/docs/ok.md", "path": "AGENTS.md"}),
    ("screenshot", {"url": "file://{cwd}/docs/ok.md", "path": "../elsewhere/x.png"}),
    ("screenshot", {"url": "file:///etc/passwd", "path": "docs/x.png"}),
    ("execute_command", {"command": ""}), ("execute_command", {"command": " \n"}),
    ("execute_command", {"command": ["ls"]}), ("execute_command", {"command": None}),
    ("execute_command", {"command": "ls", "cwd": 1}), ("execute_command", {"command": "ls", "cwd": "docs/ok.md"}),
    ("execute_command", {"command": "ls", "cwd": "none"}),
    ("execute_command", {"command": "ls", "env": {"PATH": "."}}),
    ("execute_command", {"command": "ls", "timeout": "soon"}), ("execute_command", {"command": "ls", "__proto__": {}}),
    ("use_mcp_tool", {"server_name": "x", "tool_name": "y", "arguments": {}}),
    ("access_mcp_resource", {"server_name": "x", "uri": "file:///etc/passwd"}),
    ("mcp--files--read", {"path": "docs/ok.md"}), ("MCP--files--read", {}), ("mcp__files__read", {}),
    ("__class__", {}), ("", {}), ("read_file ", {"path": "docs/ok.md"}),
    ("Read_File", {"path": "docs/ok.md"}), ("read-file", {"path": "docs/ok.md"}),
    ("write_to_file\0", {"path": "docs/ok.md", "content": "x"}),
]  # fmt: skip
"""Ids, names and arguments that are none, are another task's, or hold a path."""

SHAPES: list[Row] = [
    (tool, {**given, **more})
    for tool, given in (
        ("write_to_file", {"path": "docs/ok.md", "content": "x"}), ("apply_diff", {"path": "docs/ok.md", "diff": "x"}),
        ("insert_text", {"path": "docs/ok.md", "line": 1, "content": "x"}), ("read_file", {"path": "docs/ok.md"}),
        ("search_files", {"path": ".", "regex": "x"}), ("list_files", {"path": "."}),
        ("edit", {"file_path": "docs/ok.md", "old_string": "two", "new_string": "2"}),
        ("str_replace_editor", {"path": "docs/ok.md", "old_string": "two", "new_string": "2"}),
    )
    for more in (
        {"__proto__": {"path": "AGENTS.md"}}, {"constructor": {}}, {"prototype": {}}, {"__class__": "x"},
        {"file": "AGENTS.md"}, {"path\0": "AGENTS.md"},
        {"Path": "AGENTS.md"}, {"path ": "AGENTS.md"}, {"cwd": "/"}, {"approved": True}, {"auto_approve": True},
        {"isProtected": False}, {"$schema": "x"}, {"": ""},
    )
]  # fmt: skip
SHAPES += [
    ("read_file", {"path": "docs/ok.md", "offset": 0}), ("read_file", {"path": "docs/ok.md", "offset": -(10**30)}),
    ("read_file", {"path": "docs/ok.md", "offset": "one"}), ("read_file", {"path": "docs/ok.md", "offset": "0"}),
    ("read_file", {"files": '["AGENTS.md", {"path": "../elsewhere/file"}]'}),
    ("read_file", {"files": '{"path": "docs/ok.md"}'}), ("read_file", {"path": "docs/ok.md", "files": "[[]]"}),
    ("insert_content", {"path": "docs/new.md", "line": "2", "content": "x"}),
    ("read_file", {"path": "docs/ok.md", "limit": 0}), ("read_file", {"path": "docs/ok.md", "mode": "raw"}),
    ("read_file", {"path": "docs/ok.md", "indentation": []}),
    ("read_file", {"files": [{"path": "AGENTS.md"}] * 21}), ("read_file", {"files": [{}]}),
    ("read_file", {"files": [1]}), ("read_file", {"files": "docs/ok.md"}),
    ("read_file", {"files": [{"path": ["docs/ok.md"]}]}),
    ("read_file", {"files": [{"path": "docs/ok.md", "lineRanges": 5}]}), ("read_file", {}),
    ("read_file", {"files": [{"path": "docs/ok.md", "lineRanges": [[9, 1]]}]}),
    ("read_file", {"files": [{"path": {"path": "docs/ok.md"}}]}),
    ("insert_text", {"path": "docs/ok.md", "line": 10**30, "content": "x"}),
    ("insert_text", {"path": "docs/ok.md", "line": -1, "content": "x"}),
    ("insert_text", {"path": "docs/ok.md", "line": True, "content": "x"}),
    ("insert_text", {"path": "docs/ok.md", "line": 1e308, "content": "x"}),
    ("str_replace_editor", {"path": "docs/ok.md", "old_string": "two", "new_string": "2", "expected_replacements": -1}),
    ("str_replace_editor", {"path": "docs/ok.md", "old_string": "two", "new_string": "2",
    "expected_replacements": 10**30}),
    ("str_replace_editor", {"path": "docs/ok.md", "file_path": "AGENTS.md", "old_string": "two", "new_string": "2"}),
    ("edit", {"path": "docs/ok.md", "old_string": "two", "new_string": "2"}),
    ("write_to_file", {"path": "docs/ok.md", "content": ["x"]}),
    ("write_to_file", {"path": "docs/ok.md", "content": None}),
    ("write_to_file", {"path": "docs/ok.md", "content": "\ud800"}), ("write_to_file", {"path": "docs/ok.md"}),
    ("parse_ast", {"path": "src/a.py", "start_line": 9, "end_line": 1}), ("find_definitions", {"symbol": "a\nb"}),
    ("find_definitions", {"symbol": ""}), ("find_references", {"symbol": "x"}), ("codebase_search", {"query": "?!"}),
    ("search_files", {"path": ".", "regex": ""}),
    ("show_notification", {"message": ""}), ("show_notification", {"message": "x" * 501}),
    ("show_notification", {"message": "x", "severity": "evil"}),
]  # fmt: skip
"""Arguments of wrong types, unknown fields, and numbers that count nothing."""

HARMLESS: list[Row] = [
    *[("read_file", {"path": path}) for path in (
        "docs/ok.md", "./docs/ok.md", "src/../docs/ok.md", "here/docs/ok.md", "ok.md", "{cwd}/docs/ok.md", "AGENTS.md",
        ".vscode/settings.json", "to-agents",
        "up/project/docs/ok.md", "to-elsewhere/../project/docs/ok.md", ".roo/rules/x.md", ".git/config",
    )],
    *[("write_to_file", {"path": path, "content": "x"}) for path in (
        "docs/new.md", "docs/ok.md", "src/new/deep/a.py", "here/docs/new.md", "ok.md", "AGENTS.md.txt",
        "docs/agents.txt", "roo/x.md", "vscode/settings.json", ".github/x.yml",
        ".gitignore", ".gitattributes", ".env.example", "...", "..a", "~/x", "$HOME/x", "%2e%2e/AGENTS", "file:x",
        "a b/\u00fc.py", "-rf", "*", "docs/AGENTS", "husky/pre-commit",
        "docs/a\nb.md", "docs/.md", "secretary/key", "secret.txt", "SECRETS/x", "docs/\u202eok.md", "e\u0301.md",
        "\u00e9.md", "Makefile", "package.json", ".prettierrc", "agents/x.md",
    )],
    patch("*** Add File: docs/a.md", "+x"), patch("*** Update File: docs/ok.md", "@@", "-two", "+TWO"),
    patch("*** Delete File: docs/ok.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: docs/moved.md"),
    patch("*** Update File: docs/ok.md", "*** Move to: src/new/x.md", "@@", "-two", "+TWO"),
    ("apply_diff", {"path": "docs/ok.md", "diff": "<<<<<<< SEARCH\ntwo\n=======\nTWO\n>>>>>>> REPLACE"}),
    ("insert_text", {"path": "docs/ok.md", "line": 0, "content": "x"}),
    ("insert_content", {"path": "docs/new.md", "line": "1", "content": "x"}),
    ("read_file", {"path": "docs/ok.md", "offset": "1"}), ("read_file", {"files": '[{"path": "docs/ok.md"}]'}),
    ("read_file", {"path": "src/a.py", "files": [{"path": "docs/ok.md", "line_ranges": "1-2"}]}),
    ("execute_command", {"command": "ls", "timeout": "1"}),
    ("edit_file", {"file_path": "docs/new.md", "new_string": "x", "expected_replacements": "1"}),
    ("str_replace_editor", {"path": "docs/ok.md", "old_string": "two", "new_string": "2"}),
    ("edit", {"file_path": "src/a.py", "old_string": "two", "new_string": "2"}),
    ("list_files", {"path": "."}), ("list_files", {"path": "src", "recursive": True}),
    ("list_files", {"path": "here"}), ("search_files", {"path": ".", "regex": "AGENTS|\\.roo"}),
    ("search_files", {"path": "src", "regex": "x", "file_pattern": "*.{py,md}"}),
    ("codebase_search", {"query": "where is the secret key"}), ("get_diagnostics", {}),
    ("list_code_definition_names", {"path": "src"}), ("find_definitions", {"symbol": "two"}),
    ("open_file", {"path": "src/a.py", "line": 2}),
    ("show_diff", {"original": "docs/ok.md", "modified": "src/a.py"}),
    ("update_todo_list", {"todos": "[ ] read /etc/passwd\n[x] rm -rf /"}),
    ("attempt_completion", {"result": "rm -rf / was not run"}),
    ("show_notification", {"message": "see ../elsewhere/file"}), ("terminal_session", {"action": "open"}),
    ("ask_followup_question", {"question": "rm -rf /?", "follow_up": [{"text": "@/../x"}, {"text": "y",
    "mode": "code"}]}),
    ("switch_mode", {"mode_slug": "debug", "reason": "../x"}),
    ("new_task", {"mode": "ask", "message": "read ../elsewhere/file"}),
    *[("execute_command", {"command": line}) for line in (
        "ls", "cat docs/ok.md", "cat AGENTS.md", "cat to-agents", "cat .vscode/settings.json", "grep -rn two src docs",
        "cp docs/ok.md docs/copy.md", "mv docs/ok.md docs/x.md",
        "rm docs/ok.md", "touch src/b.py", "mkdir -p src/new", "cd src && make", "cd here && make",
        "cd src/up/.. && make", "cd {cwd}/src && make", "cd src && make && cd ../docs && make", "(cd src; make)",
        "make 2>&1 | tail -5", "FOO=bar make test", "export FOO=bar; make", "time make", "cd /tmp && ls", "ls ..",
        "git -C src status", "git status", "git add AGENTS.md",
        "git diff AGENTS.md", "cd up/project && make", "make -C src", "echo 'cat secret/key'", "echo '> AGENTS.md'",
        "git commit -m 'rm .roomodes'", "ls > /dev/null", "npm test",
        "tar czf docs/a.tgz src", "ln -s ok.md docs/link", "cat docs/ok.md | head -2 | wc -l",
        "for f in docs/*.md; do cat \"$f\"; done", "find . -name key", "ls secret",
    )],
    ("execute_command", {"command": "make", "cwd": "src"}),
    ("execute_command", {"command": "make", "cwd": "here/src"}),
    ("execute_command", {"command": "make", "cwd": "{cwd}"}),
    ("execute_command", {"command": "ls", "cwd": ".."}),
    ("execute_command", {"command": "make", "cwd": None, "timeout": 5}),
    ("start_process", {"command": "npm start", "cwd": "src"}),
]  # fmt: skip
"""What nobody is to be asked about, where reading, writing and these programs are allowed."""
