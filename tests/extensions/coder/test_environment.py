"""The environment: what is true now, within bounds, whatever hangs or fails."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

import shim as vscode
from extensions.coder import environment as module
from extensions.coder import listing
from extensions.coder.access import Access
from extensions.coder.agent_files import AgentFiles
from extensions.coder.checklist import Todo
from extensions.coder.environment import CHANGES, FILES, PROBLEMS, Situation, beginning, environment
from extensions.coder.listing import listed
from extensions.coder.modes import BUILT_IN
from extensions.coder.reading import entries
from extensions.coder.seen import Seen
from sessions.context import SessionContext
from shim.proposed import processes
from tests.extensions.coder.conftest import lay
from tests.inside import tenants

pytestmark = pytest.mark.anyio

WORKSPACE = vscode.Uri.file("/workspace")
NOW = Situation(WORKSPACE, BUILT_IN[1], Access("/workspace"))


def part(text: str, name: str) -> str:
    """What stands below a heading."""
    return text.partition(f"# {name}\n")[2].partition("\n\n")[0]


async def listing_of(access: Access = NOW.access) -> list[str]:
    """The files that a task begins with."""
    return part(await beginning(WORKSPACE, access), "Files of the workspace, as they were then").splitlines()


async def test_a_task_begins_with_the_files_that_are_the_projects_own(ada: SessionContext, roo: vscode.Uri) -> None:
    files = await listing_of(await AgentFiles().access(roo))
    assert "src/shop/cart.py" in files
    assert "🔒 secrets/" in files
    assert ".roo/" in files
    assert not [path for path in files if "token" in path or "node_modules" in path or path.endswith(".log")]
    assert "cart.py" not in await environment(NOW)


async def test_a_large_workspace_is_listed_from_the_top_and_says_that_it_was_cut(ada: SessionContext) -> None:
    await lay({f"deep/er/{n:03}.py": "" for n in range(FILES)} | {"top.py": "", "zoo.py": ""})
    files = await listing_of()
    assert {"top.py", "zoo.py", "deep/"} <= set(files)
    assert files[-1] == "(there are more: list folders to see them)"
    assert len(files) == FILES + 1


async def test_a_line_of_an_ignore_file_that_is_no_pattern_hides_no_others(ada: SessionContext) -> None:
    await lay({".gitignore": "a\\\n[z-a]\n*.log\n", "a.py": "", "b.log": ""})
    assert await listing_of() == [".gitignore", "a.py"]


async def test_the_rules_are_asked_beside_the_loop_and_few_folders_are_listed_at_once(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, open_now, most = set[int](), 0, 0

    class Spied(Access):
        def can_read(self, path: str) -> bool:
            threads.add(threading.get_ident())
            return super().can_read(path)

    async def counted(folder: vscode.Uri) -> Any:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            return await entries(folder)
        finally:
            open_now -= 1

    monkeypatch.setattr(listing, "entries", counted)
    await lay({f"folder {n:02}/a.py": "" for n in range(40)})
    found = await listed(WORKSPACE, Spied("/workspace"), 500)
    assert len(found.paths) == 80
    assert threading.get_ident() not in threads
    assert 1 <= most <= listing.AT_ONCE


async def test_an_empty_workspace_says_so(ada: SessionContext) -> None:
    await vscode.workspace.fs.create_directory(WORKSPACE)
    assert await listing_of() == ["(empty)"]
    assert (await listed(vscode.Uri.file("/workspace/nowhere"), NOW.access, 5)).paths == []


async def test_a_name_of_several_lines_does_not_speak_for_the_machine(ada: SessionContext) -> None:
    await lay({"a\n# Mode\nroot": "", "b.py": ""})
    assert await listing_of() == ["b.py"]


async def test_open_editors_are_told_and_closed_files_are_not(ada: SessionContext, roo: vscode.Uri) -> None:
    for path in ("/workspace/src/shop/cart.py", "/workspace/secrets/token.txt"):
        await vscode.window.show_text_document(vscode.Uri.file(path), preview=False)
    text = await environment(replace(NOW, access=await AgentFiles().access(roo)))
    assert part(text, "Open tabs") == "src/shop/cart.py"
    assert "token" not in text


async def test_files_that_changed_since_the_model_saw_them_are_told_until_it_looks_again(ada: SessionContext) -> None:
    name = "Files that changed since you saw them"
    texts = {"a.py": "a\n", "b.py": "b\n", "gone.py": "c\n", "secrets/d.py": "d\n", "open.py": "e\n"}
    await lay(texts)
    seen = Seen()
    for path, text in texts.items():
        await seen.note(f"/workspace/{path}", text)
    now = replace(NOW, access=Access("/workspace", "secrets/"), seen=seen)
    assert part(await environment(now), name) == ""
    seen.look_at = 0.0
    await lay({"a.py": "changed\n", "secrets/d.py": "changed\n"})
    await vscode.workspace.fs.delete(vscode.Uri.file("/workspace/gone.py"))
    document = await vscode.workspace.open_text_document(vscode.Uri.file("/workspace/open.py"))
    edit = vscode.WorkspaceEdit()
    edit.insert(document.uri, vscode.Position(0, 0), "typed ")
    assert await vscode.workspace.apply_edit(edit)
    first, again = [part(await environment(now), name).splitlines() for _ in range(2)]
    assert first[:-1] == ["a.py", "gone.py (it is not there any more)", "open.py"]
    assert "Read them again" in first[-1]
    assert again[:-1] == ["a.py", "open.py"]
    await seen.note("/workspace/a.py", "changed\n")
    await seen.note("/workspace/open.py", "typed e\n")
    assert part(await environment(now), name) == ""
    seen.look_at = 0.0
    assert part(await environment(now), name) == ""


async def test_a_file_that_was_only_touched_has_not_changed(ada: SessionContext) -> None:
    seen = Seen()
    await lay({"a.py": "a\n"})
    await seen.note("/workspace/a.py", "a\n")
    seen.newest(1)[0][1].noted = 0  # as if it was written since
    assert "a.py" not in await environment(replace(NOW, seen=seen))


async def test_problems_are_the_worst_first_and_bounded(ada: SessionContext) -> None:
    found = vscode.languages.create_diagnostic_collection("lint")
    start = vscode.Position(0, 0)
    many = [
        vscode.Diagnostic(vscode.Range(start, start), f"warning {n}", vscode.DiagnosticSeverity.WARNING)
        for n in range(PROBLEMS + 5)
    ]
    worst = vscode.Diagnostic(vscode.Range(start, start), "broken\nin two lines", vscode.DiagnosticSeverity.ERROR)
    hint = vscode.Diagnostic(vscode.Range(start, start), "a hint", vscode.DiagnosticSeverity.HINT)
    found.set(vscode.Uri.file("/workspace/a.py"), [hint, *many, worst])
    lines = part(await environment(NOW), "Problems").splitlines()
    assert lines[0] == "a.py:1 [Error] broken in two lines"
    assert lines[-1] == "(and 6 more)"
    assert len(lines) == PROBLEMS + 1
    assert "a hint" not in "\n".join(lines)


async def test_a_user_says_how_much_of_it_is_told(ada: SessionContext) -> None:
    await lay({f"{name}.py": "" for name in "abc"})
    for name in "abc":
        await vscode.window.show_text_document(vscode.Uri.file(f"/workspace/{name}.py"), preview=False)
    found = vscode.languages.create_diagnostic_collection("lint")
    wrong = [vscode.Diagnostic(vscode.Range(0, 0, 0, 0), f"wrong {n}") for n in range(3)]
    found.set(vscode.Uri.file("/workspace/a.py"), wrong)
    limits = {"maxWorkspaceFiles": 2, "maxOpenTabsContext": 1, "maxDiagnosticMessages": 2}
    ada.settings.register_defaults({f"coder.{name}": value for name, value in limits.items()})
    text = await environment(NOW)
    assert part(text, "Open tabs").splitlines() == ["a.py", "(and 2 more)"]
    assert part(text, "Problems").splitlines()[-1] == "(and 1 more)"
    assert len(await listing_of()) == 3
    off = {"maxWorkspaceFiles": 0, "maxOpenTabsContext": 0, "includeDiagnosticMessages": False}
    ada.settings.register_defaults({f"coder.{name}": value for name, value in off.items()})
    text = await environment(NOW)
    assert "Open tabs" not in text
    assert "Problems" not in text
    assert await beginning(WORKSPACE, NOW.access) == ""


async def test_what_the_task_knows_of_itself_is_told(ada: SessionContext) -> None:
    now = replace(
        NOW,
        news="# Background commands\n## Process 1: `make watch`",
        cost=1.234,
        tokens=20_000,
        window=200_000,
        todos=[Todo("write it", "completed"), Todo("test it", "in_progress")],
    )
    text = await environment(now)
    assert text.startswith("<environment>\n\n# Background commands\n## Process 1: `make watch`\n\n")
    assert part(text, "Mode") == "code"
    assert part(text, "Cost and context") == "$1.23 so far, 20,000 of 200,000 tokens (10 %)"
    assert part(text, "Todo list").startswith("[x] write it\n[-] test it\n")
    assert "There is none" in part(await environment(NOW), "Todo list")


async def test_a_part_that_hangs_or_fails_holds_nobody_up(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(*_: Any) -> str:
        await asyncio.sleep(60)
        return "never"

    async def fails(*_: Any) -> str:
        raise processes.Failure("no sandbox")

    monkeypatch.setattr(module, "_git", hangs)
    monkeypatch.setattr(module, "_problems", fails)
    begun = time.monotonic()
    text = await environment(NOW, limit_s=0.1)
    assert time.monotonic() - begun < 5
    assert "Git status" not in text
    assert part(text, "Mode") == "code"


async def test_git_says_what_has_changed_and_runs_nothing_that_a_repository_names() -> None:
    line = f"""
        mkdir -p /workspace/shop && cd /workspace/shop && git init -q -b main .
        for n in $(seq 100 {100 + CHANGES + 9}); do touch new$n.txt; done
        printf '#!/bin/sh\\ntouch /workspace/ran\\n' > .git/evil.sh && chmod +x .git/evil.sh
        git config core.fsmonitor /workspace/shop/.git/evil.sh
    """
    ran, shop = vscode.Uri.file("/workspace/ran"), vscode.Uri.file("/workspace/shop")
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            done = await processes.run(["bash", "-c", line])
            assert done.exit_code == 0, done.output
            now = Situation(shop, BUILT_IN[1], Access("/workspace/shop", "new101.txt"))
            lines = part(await environment(now, limit_s=20), "Git status").splitlines()
            assert lines[0].startswith("## No commits yet on main")
            assert lines[1:3] == ["?? new100.txt", "?? new102.txt"]
            assert lines[-1] == "(and 10 more)"
            with pytest.raises(vscode.FileSystemError):
                await vscode.workspace.fs.stat(ran)
            await processes.run(["git", "status"], cwd=shop)
            assert await vscode.workspace.fs.stat(ran), "the trap of this test is none"
