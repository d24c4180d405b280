"""The tools that know code: definitions, trees, problems, and what language providers say; and those for the editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from extensions.coder.tool import Action, Tool, ToolError
from extensions.coder.tools import (
    find_definitions,
    find_references,
    get_diagnostics,
    insert_text,
    list_code_definition_names,
    open_file,
    parse_ast,
    show_diff,
    show_notification,
)
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

CODE = "import os\n\ndef total(a, b):\n    return a + b\n\nprint(total(1, 2))\n"
NAMES = list_code_definition_names.TOOL


@pytest.fixture
def use() -> Using:
    return Using()


async def write(session: SessionContext, **texts: str) -> None:
    for name, text in texts.items():
        await session.files.write(f"/workspace/{name.replace('__', '/').replace('_py', '.py')}", text.encode())


async def text(tool: Tool, use: Using, **arguments: Any) -> str:
    return (await done(tool, use, **arguments)).text


async def test_a_file_and_a_folder_say_what_they_define(owner: SessionContext, use: Using) -> None:
    await write(owner, src__a_py=CODE, src__b_py="class B: pass\n", src__deep__c_py="class C: pass\n", src__d="words\n")
    assert await text(NAMES, use, path="src/a.py") == "# src/a.py\n3-4 | def total(a, b):"
    assert await text(NAMES, use, path="src") == "# src/a.py\n3-4 | def total(a, b):\n\n# src/b.py\n1-1 | class B: pass"
    assert "no file in it defines" in await text(NAMES, use, path=".")
    for path, told in (("src/d", "not parsed here"), ("none", "there is nothing")):
        with pytest.raises(ToolError, match=told):
            await text(NAMES, use, path=path)


async def test_definitions_of_files_that_are_kept_from_the_agent_are_left_out(
    owner: SessionContext, world: Path
) -> None:
    await write(owner, a_py="class A: pass\n", secret_py="class Secret: pass\n")
    (world / "workspace/link.py").symlink_to("secret.py")
    assert await text(NAMES, Using(ignore="secret.py"), path=".") == "# a.py\n1-1 | class A: pass"


async def test_a_tree_is_that_of_the_text_as_it_is_now(owner: SessionContext, use: Using) -> None:
    await write(owner, a_py=CODE)
    shown = await text(parse_ast.TOOL, use, path="a.py", start_line=3, end_line=4, max_depth=2)
    assert shown == "Syntax tree of a.py (line:column, from 1).\nmodule 1:1-7:1\n  function_definition 3:1-4:17"
    await write(owner, a_py="def (\n")
    assert "Its syntax is broken:\n- line 1:" in await text(parse_ast.TOOL, use, path="a.py")
    for given, told in (({"start_line": 9, "end_line": 2}, "are no lines"), ({"start_line": 99}, "it has no line 99")):
        with pytest.raises(ToolError, match=told):
            await text(parse_ast.TOOL, use, path="a.py", **given)


async def test_problems_are_told_by_file_and_gravity(owner: SessionContext) -> None:
    await write(owner, src__a_py="x\n", secret="x\n")
    collection = vscode.languages.create_diagnostic_collection("lint")
    at = vscode.Range(0, 0, 0, 1)
    warning = vscode.Diagnostic(at, "unused", vscode.DiagnosticSeverity.WARNING)
    hint = vscode.Diagnostic(at, "could be shorter", vscode.DiagnosticSeverity.HINT)
    collection.set(vscode.Uri.file("/workspace/src/a.py"), [hint, warning, vscode.Diagnostic(at, "broken")])
    collection.set(vscode.Uri.file("/workspace/secret"), [vscode.Diagnostic(at, "hidden")])
    use = Using(ignore="secret")
    both = "# src/a.py\n- [Error] 1:1 broken\n- [Warning] 1:1 unused"
    assert await text(get_diagnostics.TOOL, use) == both == await text(get_diagnostics.TOOL, use, path="src")
    assert await text(get_diagnostics.TOOL, use, severity="error") == "# src/a.py\n- [Error] 1:1 broken"
    assert "could be shorter" in await text(get_diagnostics.TOOL, use, path="src/a.py", severity="hint")
    assert "Nothing is known to be wrong in docs" in await text(get_diagnostics.TOOL, use, path="docs")


class Provider:
    """Says that everything is defined in line 3 of a.py, and used in line 6 and where nobody may look."""

    asked: vscode.Position

    def provide_definition(self, document: Any, position: vscode.Position, token: Any) -> Any:
        self.asked = position
        return [vscode.LocationLink(document.uri, vscode.Range(2, 4, 2, 9))]

    def provide_references(self, document: Any, position: vscode.Position, context: Any, token: Any) -> Any:
        others = [
            vscode.Location(vscode.Uri.file(path), vscode.Position(0, 0)) for path in ("/workspace/key", "/usr/x")
        ]
        here = vscode.Location(document.uri, vscode.Range(5, 6, 5, 11))
        return [here, here, *others]

    def provide_workspace_symbols(self, query: str, token: Any) -> Any:
        at = vscode.Location(vscode.Uri.file("/workspace/a.py"), vscode.Range(2, 4, 2, 9))
        return [vscode.SymbolInformation(name, vscode.SymbolKind.FUNCTION, "", at) for name in (query, f"{query}s")]


async def test_definitions_and_uses_are_what_the_language_providers_know(owner: SessionContext) -> None:
    await write(owner, a_py=CODE, key="x\n")
    provider, selector = Provider(), {"language": "python"}
    vscode.languages.register_definition_provider(selector, provider)
    vscode.languages.register_reference_provider(selector, provider)
    vscode.languages.register_workspace_symbol_provider(provider)
    use = Using(ignore="key")
    defined = "a.py:3:5 | def total(a, b):"
    assert await text(find_definitions.TOOL, use, symbol="total", path="a.py", line=6) == defined
    assert provider.asked == vscode.Position(5, 6)
    assert await text(find_definitions.TOOL, use, symbol="math.total") == defined
    assert await text(find_references.TOOL, use, symbol="total", path="a.py") == (
        "/usr/x:1:1\na.py:6:7 | print(total(1, 2))"
    )
    for given, told in (
        ({"symbol": "tot", "path": "a.py"}, "does not stand in a.py"),
        ({"symbol": "total", "path": "a.py", "line": 1}, "does not stand in line 1 of a.py"),
        ({"symbol": "total", "path": "a.py", "line": 99}, "a.py has 7 lines"),
        ({"symbol": " "}, "must be one name"),
    ):
        with pytest.raises(ToolError, match=told):
            await text(find_definitions.TOOL, use, **given)


async def test_without_a_language_server_it_says_what_to_do(owner: SessionContext, use: Using) -> None:
    await write(owner, a_py=CODE)
    assert "search_files" in await text(find_definitions.TOOL, use, symbol="total", path="a.py")
    assert "search_files" in await text(find_references.TOOL, use, symbol="total", path="a.py")
    assert "codebase_search" in await text(find_definitions.TOOL, use, symbol="total")


async def test_files_and_differences_are_shown_to_the_user(owner: SessionContext, use: Using) -> None:
    await write(owner, a_py=CODE, b_py="x\n")
    plan = await planned(show_diff.TOOL, use, original="a.py", modified="b.py")
    assert plan.actions == (Action("read", "/workspace/a.py"), Action("read", "/workspace/b.py"))
    assert "are shown to the user" in (await plan.act()).text
    assert await text(open_file.TOOL, use, path="a.py", line=3) == "a.py is shown to the user."
    shown = vscode.window.active_text_editor
    assert shown is not None and shown.document.uri.path == "/workspace/a.py" and shown.selection.start.line == 2
    with pytest.raises(ToolError, match="there is nothing here"):
        await text(open_file.TOOL, use, path="none")


async def test_a_message_is_shown_and_nobody_waits_for_an_answer(owner: SessionContext, use: Using) -> None:
    assert await text(show_notification.TOOL, use, message="Done.") == "The message is shown to the user."
    for message in ("", "x" * 501):
        with pytest.raises(ToolError, match="1 to 500 characters"):
            await text(show_notification.TOOL, use, message=message)


@pytest.mark.parametrize(
    ("before", "line", "content", "after"),
    [
        ("a\nb\n", 1, "x", "x\na\nb\n"),
        ("a\nb\n", 2, "x\ny\n", "a\nx\ny\nb\n"),
        ("a\nb", 0, "x", "a\nb\nx\n"),
        ("a\nb\n", 3, "x", "a\nb\nx\n"),
        ("a\r\nb\r\n", 2, "x\ny", "a\r\nx\r\ny\r\nb\r\n"),
        ("", 0, "x", "x\n"),
        ("é\u2028\nb\n", 2, "x", "é\u2028\nx\nb\n"),
    ],
)
async def test_lines_are_put_in(
    owner: SessionContext, use: Using, before: str, line: int, content: str, after: str
) -> None:
    await owner.files.write("/workspace/a", before.encode())
    plan = await planned(insert_text.TOOL, use, path="a", line=line, content=content)
    assert plan.actions == (Action("write", "/workspace/a"),)
    await plan.act()
    assert await owner.files.read("/workspace/a") == after.encode()


@pytest.mark.parametrize(
    ("line", "content", "told"), [(-1, "x", "none of the file's 1"), (3, "x", "none of"), (1, "", "empty")]
)
async def test_lines_that_are_not_there_are_refused(
    owner: SessionContext, use: Using, line: int, content: str, told: str
) -> None:
    await owner.files.write("/workspace/a", b"a\n")
    with pytest.raises(ToolError, match=told):
        await planned(insert_text.TOOL, use, path="a", line=line, content=content)


@pytest.mark.parametrize("line", [0, 1])
async def test_lines_for_a_file_that_is_not_there_make_it(owner: SessionContext, use: Using, line: int) -> None:
    assert await text(insert_text.TOOL, use, path="new/a", line=line, content="x\ny") == "Created new/a (2 lines)."
    assert await owner.files.read("/workspace/new/a") == b"x\ny\n"
    with pytest.raises(ToolError, match="line: b is not there yet, it has no line 5; 0 or 1 makes it"):
        await planned(insert_text.TOOL, use, path="b", line=5, content="x")
