"""The editing tools: a diff before leave is given, nothing overwritten that changed since, and what came of it told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from extensions.coder.modes import BUILT_IN
from extensions.coder.tool import Action, Tool, ToolError
from extensions.coder.tools import apply_diff, apply_patch, read_file, str_replace_editor, write_to_file
from sessions.context import SessionContext
from shim.schemas import mistake
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

WRITE, DIFF, PATCH, REPLACE = write_to_file.TOOL, apply_diff.TOOL, apply_patch.TOOL, str_replace_editor.TOOL


@pytest.fixture
def use() -> Using:
    return Using()


async def write(session: SessionContext, path: str, content: str | bytes) -> None:
    await session.files.write(f"/workspace/{path}", content.encode() if isinstance(content, str) else content)


async def content(session: SessionContext, path: str) -> bytes:
    return await session.files.read(f"/workspace/{path}")


async def typed(path: str, text: str) -> vscode.TextDocument:
    """A document in which a person typed something before all that stands there, without saving it."""
    document = await vscode.workspace.open_text_document(f"/workspace/{path}")
    edit = vscode.WorkspaceEdit()
    edit.insert(document.uri, vscode.Position(0, 0), text)
    assert await vscode.workspace.apply_edit(edit)
    return document


def block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE"


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


EDITS: list[Any] = [
    pytest.param(WRITE, {"path": "a.py", "content": "one\nTWO\nthree\n"}, id="write_to_file"),
    pytest.param(DIFF, {"path": "a.py", "diff": block("two", "TWO")}, id="apply_diff"),
    pytest.param(REPLACE, {"path": "a.py", "old_string": "two", "new_string": "TWO"}, id="str_replace_editor"),
    pytest.param(str_replace_editor.EDIT, {"file_path": "a.py", "old_string": "two", "new_string": "TWO"}, id="edit"),
    pytest.param(
        str_replace_editor.EDIT_FILE, {"file_path": "a.py", "old_string": "two", "new_string": "TWO"}, id="edit_file"
    ),
    pytest.param(
        str_replace_editor.SEARCH_REPLACE,
        {"file_path": "a.py", "old_string": "two", "new_string": "TWO"},
        id="search_replace",
    ),
    pytest.param(
        PATCH, {"patch": patch("*** Update File: a.py", "@@", " one", "-two", "+TWO", " three")}, id="apply_patch"
    ),
]
every_tool = pytest.mark.parametrize(("tool", "arguments"), EDITS)


@every_tool
async def test_an_edit_is_shown_before_it_is_made(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    plan = await planned(tool, use, **arguments)
    assert plan.actions == (Action("write", "/workspace/a.py"),)
    assert plan.shown["path"] == "a.py" and plan.shown["isNew"] is False
    assert plan.shown["diff"] == "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three"
    assert await content(owner, "a.py") == b"one\ntwo\nthree\n"
    result = await plan.act()
    assert (result.text, result.failed) == ("Changed a.py (+1 -1 lines).", False)
    assert await content(owner, "a.py") == b"one\nTWO\nthree\n"


@every_tool
async def test_what_changed_since_leave_was_asked_for_is_not_overwritten(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    plan = await planned(tool, use, **arguments)
    await write(owner, "a.py", "one\ntwo\nthree\nfour\n")
    with pytest.raises(ToolError, match="was changed meanwhile, nothing was written"):
        await plan.act()
    assert await content(owner, "a.py") == b"one\ntwo\nthree\nfour\n"


@every_tool
async def test_a_file_that_became_a_link_meanwhile_is_not_written_through(
    owner: SessionContext, use: Using, world: Path, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    await write(owner, "AGENTS.md", "one\ntwo\nthree\n")
    plan = await planned(tool, use, **arguments)
    (world / "workspace/a.py").unlink()
    (world / "workspace/a.py").symlink_to("AGENTS.md")
    with pytest.raises(ToolError, match="leads elsewhere"):
        await plan.act()
    assert await content(owner, "AGENTS.md") == b"one\ntwo\nthree\n"


@every_tool
async def test_a_link_is_judged_as_what_it_leads_to(
    owner: SessionContext, use: Using, world: Path, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, ".vscode/settings.json", "one\ntwo\nthree\n")
    (world / "workspace/a.py").symlink_to(".vscode/settings.json")
    plan = await planned(tool, use, **arguments)
    assert plan.actions == (Action("write", "/workspace/.vscode/settings.json"),)
    assert use.protection.protects(plan.actions[0].path or "")


@every_tool
async def test_line_ends_encoding_and_byte_order_mark_stay(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    for raw in (
        b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\n",
        "\N{ZERO WIDTH NO-BREAK SPACE}one\r\ntwo\r\nthree\r\n".encode("utf-16-le"),
    ):
        await write(owner, "a.py", raw)
        assert not (await done(tool, Using(), **arguments)).failed
        encoding = "utf-16-le" if raw.startswith(b"\xff") else "utf-8"
        assert await content(owner, "a.py") == raw.replace("two".encode(encoding), "TWO".encode(encoding))


@every_tool
async def test_the_edit_of_an_open_file_goes_through_its_document(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    document = await vscode.workspace.open_text_document("/workspace/a.py")
    version = document.version
    assert not (await done(tool, use, **arguments)).failed
    assert (document.get_text(), document.is_dirty) == ("one\nTWO\nthree\n", False)
    assert document.version == version + 1
    assert await content(owner, "a.py") == b"one\nTWO\nthree\n"


@pytest.mark.parametrize(("tool", "arguments"), EDITS[1:])
async def test_what_a_person_has_not_saved_stays_in_the_text(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    await typed("a.py", "zero\n")
    assert not (await done(tool, use, **arguments)).failed
    assert await content(owner, "a.py") == b"zero\none\nTWO\nthree\n"


@pytest.mark.parametrize(("tool", "arguments"), EDITS[1:])
@pytest.mark.parametrize("text", ["one\ntwo\nthree\n", "password: 12345\n"])
async def test_no_edit_tells_what_is_in_a_file_that_nobody_let_the_model_read(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any], text: str
) -> None:
    await write(owner, "a.py", text)
    use.unread.add("/workspace/a.py")
    with pytest.raises(ToolError, match=r"^a.py: you have not read it, and reading it needs leave: read"):
        await planned(tool, use, **arguments)
    if "two" in text:
        await done(read_file.TOOL, use, path="a.py")
        assert not (await done(tool, use, **arguments)).failed


@pytest.mark.parametrize("fits", ["-one", "-nowhere"])
async def test_a_patch_that_names_a_file_twice_tells_nothing_of_what_is_in_it(
    owner: SessionContext, use: Using, fits: str
) -> None:
    await write(owner, "a", "one\n")
    use.unread.add("/workspace/a")
    with pytest.raises(ToolError, match=r"^a: you have not read it"):
        await planned(PATCH, use, patch=patch("*** Update File: a", "*** Move to: a", "*** Update File: a", fits))


@pytest.mark.parametrize("name", ["a", "b"])
async def test_a_file_that_is_moved_unread_stays_unread(owner: SessionContext, use: Using, name: str) -> None:
    await write(owner, "a", "token = hunter2\n")
    use.unread |= {"/workspace/a", "/workspace/b"}
    await done(PATCH, use, patch=patch("*** Update File: a", f"*** Move to: {name}", "*** Add File: c", "+c"))
    with pytest.raises(ToolError, match=f"^{name}: you have not read it"):
        await planned(DIFF, use, path=name, diff=block("token = ?", "x"))


async def test_of_a_file_that_is_moved_unread_no_linter_tells(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "hunter2\n")
    use.unread.add("/workspace/a.py")
    uri = vscode.Uri.file("/workspace/b.py")
    lint = vscode.languages.create_diagnostic_collection("lint")
    told = vscode.Diagnostic(vscode.Range(0, 0, 0, 7), "hunter2 is not defined")
    watcher = vscode.workspace.create_file_system_watcher("**/b.py")
    watcher.on_did_create(lambda _: lint.set(uri, [told]))
    lint.set(vscode.Uri.file("/workspace/other.py"), [told])
    result = await done(PATCH, use, patch=patch("*** Update File: a.py", "*** Move to: b.py"))
    assert result.text == "Moved a.py to b.py (+0 -0 lines)."


async def test_a_file_that_is_moved_read_stays_read(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\n")
    use.unread |= {"/workspace/a", "/workspace/b"}
    await done(read_file.TOOL, use, path="a")
    await done(PATCH, use, patch=patch("*** Update File: a", "*** Move to: b"))
    assert not (await done(DIFF, use, path="b", diff=block("one", "two"))).failed


async def test_an_empty_file_that_the_model_made_is_one_that_it_knows(owner: SessionContext, use: Using) -> None:
    use.unread.add("/workspace/a")
    await done(WRITE, use, path="a", content="")
    given = patch("*** Add File: b", "+1", "*** Update File: b", "-1", "+2")
    use.unread.add("/workspace/b")
    assert not (await done(PATCH, use, patch=given)).failed
    assert not (await done(REPLACE, use, path="a", old_string="", new_string="one\n")).failed


async def test_whether_a_file_is_as_a_model_thinks_needs_leave_to_read_it(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "12345")
    assert (await planned(WRITE, use, path="a", content="12345")).actions == (Action("read", "/workspace/a"),)
    assert (await planned(WRITE, use, path="a", content="1234")).actions == (Action("write", "/workspace/a"),)


async def test_a_whole_file_does_not_replace_what_a_person_has_not_saved_and_the_model_not_seen(
    owner: SessionContext, use: Using
) -> None:
    await write(owner, "a.py", "one\n")
    document = await typed("a.py", "zero\n")
    with pytest.raises(ToolError, match="changes in it that are not saved"):
        await planned(WRITE, use, path="a.py", content="mine\n")
    await done(read_file.TOOL, use, path="a.py")
    await done(WRITE, use, path="a.py", content="zero\nmine\n")
    assert (document.get_text(), await content(owner, "a.py")) == ("zero\nmine\n", b"zero\nmine\n")


async def test_a_whole_file_does_not_replace_what_changed_since_it_was_read(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "one\n")
    await done(read_file.TOOL, use, path="a.py")
    await write(owner, "a.py", "a person's\n")
    with pytest.raises(ToolError, match="changed since you last saw it"):
        await planned(WRITE, use, path="a.py", content="mine\n")
    assert await content(owner, "a.py") == b"a person's\n"


async def test_a_document_that_cannot_be_saved_is_as_it_was(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    document = await typed("a.py", "zero\n")
    await write(owner, "a.py", "somebody else's\n")
    with pytest.raises(ToolError, match="could not be saved, the file is as it was"):
        await done(DIFF, use, path="a.py", diff=block("two", "TWO"))
    assert (document.get_text(), document.is_dirty) == ("zero\none\ntwo\nthree\n", True)
    assert await content(owner, "a.py") == b"somebody else's\n"


async def test_what_changed_since_the_model_saw_it_is_told_with_the_edit(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "one\ntwo\nthree\n")
    await done(read_file.TOOL, use, path="a.py")
    await write(owner, "a.py", "one\ntwo\n3\n")
    text = (await done(DIFF, use, path="a.py", diff=block("two", "TWO"))).text
    assert "a.py was changed by the user or a command since you last saw it." in text
    assert "-three\n+3" in text
    again = await done(DIFF, use, path="a.py", diff=block("TWO", "2"))
    assert again.text == "Changed a.py (+1 -1 lines)."


async def test_a_formatter_that_changes_the_text_on_saving_is_told(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "one\n")
    await vscode.workspace.open_text_document("/workspace/a.py")

    async def formatted() -> list[vscode.TextEdit]:
        return [vscode.TextEdit.insert(vscode.Position(0, 0), "# formatted\n")]

    undo = vscode.workspace.on_will_save_text_document(lambda event: event.wait_until(formatted()))
    text = (await done(DIFF, use, path="a.py", diff=block("one", "ONE"))).text
    undo.dispose()
    assert "it was changed on saving" in text and "+# formatted" in text


async def test_problems_that_an_edit_makes_are_told(owner: SessionContext, use: Using) -> None:
    await write(owner, "a.py", "one\n")
    uri = vscode.Uri.file("/workspace/a.py")
    known = vscode.Diagnostic(vscode.Range(0, 0, 0, 1), "old")
    collection = vscode.languages.create_diagnostic_collection("lint")
    collection.set(uri, [known])

    def check(event: vscode.TextDocument) -> None:
        moved = vscode.Diagnostic(vscode.Range(5, 0, 5, 1), "old")
        new = vscode.Diagnostic(vscode.Range(0, 2, 0, 3), "name ONE is\nnot defined", source="lint", code="F821")
        collection.set(uri, [moved, new])

    await vscode.workspace.open_text_document(uri)
    vscode.workspace.on_did_save_text_document(check)
    text = (await done(DIFF, use, path="a.py", diff=block("one", "ONE"))).text
    assert text.endswith("New problems in a.py after this edit:\n- [Error] 1:3 (lint F821) name ONE is not defined")


@pytest.mark.parametrize("name", ["docs/x.md", "link.md"])
async def test_a_mode_judges_where_a_path_leads(owner: SessionContext, use: Using, world: Path, name: str) -> None:
    use.mode = next(mode for mode in BUILT_IN if mode.slug == "architect")
    await write(owner, "docs/x.md", "words\n")
    await write(owner, "code.py", "code\n")
    (world / "workspace/link.md").symlink_to("code.py")
    if name == "docs/x.md":
        assert not (await done(WRITE, use, path=name, content="new\n")).failed
        return
    with pytest.raises(ToolError, match=r"may only edit files that match .* not code.py"):
        await planned(WRITE, use, path=name, content="new\n")


async def test_bytes_that_are_no_text_stay_what_they_are(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", b"caf\xe9\ntwo\n")
    await done(DIFF, use, path="a", diff=block("two", "deux"))
    assert await content(owner, "a") == b"caf\xe9\ndeux\n"


async def test_half_a_character_is_not_written(owner: SessionContext, use: Using) -> None:
    with pytest.raises(ToolError, match="content: it holds half of a surrogate pair"):
        await planned(WRITE, use, path="a", content="\udc80")


# ---- write_to_file


async def test_a_new_file_is_made_with_its_folders(owner: SessionContext, use: Using) -> None:
    plan = await planned(WRITE, use, path="src/deep/a.py", content="one\n")
    assert plan.shown == {
        "tool": "write_to_file", "path": "src/deep/a.py", "isNew": True,
        "diff": "--- /dev/null\n+++ b/src/deep/a.py\n@@ -0,0 +1 @@\n+one",
    }  # fmt: skip
    assert (await plan.act()).text == "Created src/deep/a.py (1 lines)."
    assert await content(owner, "src/deep/a.py") == b"one\n"


@pytest.mark.parametrize(
    ("name", "given", "written"),
    [
        ("a.py", "```python\nx = 1\n```", "x = 1\n"),
        ("a.py", "```\nx = 1\n\n```\n", "x = 1\n\n"),
        ("a.md", "```\nx\n```", "```\nx\n```"),
        ("a.py", "```\na\n```\nb\n```\nc\n```", "```\na\n```\nb\n```\nc\n```"),
        ("a.py", "x = '''```'''\n", "x = '''```'''\n"),
        ("a.py", "", ""),
    ],
)
async def test_a_fence_around_all_of_it_is_left_out(
    owner: SessionContext, use: Using, name: str, given: str, written: str
) -> None:
    await done(WRITE, use, path=name, content=given)
    assert (await content(owner, name)).decode() == written


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (" 1 | a\n 2 |   b\n 3 | \n", "a\n  b\n\n"),
        ("1 | only", "only"),
        ("1 | a\n3 | c\n", "1 | a\n3 | c\n"),
        ("7 | seven\n8 | eight\n", "7 | seven\n8 | eight\n"),
        ("1 | a\nb\n", "1 | a\nb\n"),
    ],
)
async def test_a_whole_file_that_comes_with_the_numbers_of_its_lines_is_written_without_them(
    owner: SessionContext, use: Using, given: str, written: str
) -> None:
    await done(WRITE, use, path="a.txt", content=given)
    assert (await content(owner, "a.txt")).decode() == written


@pytest.mark.parametrize("path", ["src/", "src", "/", "."])
async def test_a_folder_is_not_written(owner: SessionContext, use: Using, path: str) -> None:
    await write(owner, "src/a.py", "")
    with pytest.raises(ToolError, match="folder"):
        await planned(WRITE, use, path=path, content="x")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (WRITE, {"path": "a", "content": "one\ntwo\n"}),
        (str_replace_editor.EDIT_FILE, {"file_path": "a", "old_string": " two", "new_string": "two"}),
        (PATCH, {"patch": patch("*** Update File: a", " one", "-two", "+two")}),
    ],
)
async def test_an_edit_to_what_is_there_already_writes_nothing_and_is_no_failure(
    owner: SessionContext, use: Using, tool: Tool, arguments: dict[str, Any]
) -> None:
    await write(owner, "a", "one\ntwo\n")
    plan = await planned(tool, use, **arguments)
    assert plan.actions == (Action("read", "/workspace/a"),)
    await write(owner, "a", "a person's\n")
    result = await plan.act()
    assert (result.text, result.failed) == ("a: the text is as you want it already, nothing was written.", False)
    assert await content(owner, "a") == b"a person's\n"


# ---- apply_diff


async def test_blocks_that_fit_are_applied_and_the_others_told(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\ntwo\n")
    result = await done(DIFF, use, path="a", diff=block("one", "1") + "\n" + block("nowhere", "x"))
    assert "Changed a (+1 -1 lines)." in result.text
    assert "Some blocks were not applied, the others were: no place like the search text" in result.text
    assert await content(owner, "a") == b"1\ntwo\n"


@pytest.mark.parametrize(
    ("path", "diff", "told"),
    [
        ("none", block("a", "b"), "there is no such file"),
        ("a", "words", "diff: no block was found"),
        ("a", block("nowhere", "b"), "nothing was changed: no place like the search text"),
    ],
)
async def test_a_diff_that_does_not_fit_changes_nothing(
    owner: SessionContext, use: Using, path: str, diff: str, told: str
) -> None:
    await write(owner, "a", "one\n")
    with pytest.raises(ToolError, match=told):
        await planned(DIFF, use, path=path, diff=diff)


# ---- apply_patch


async def test_a_patch_makes_changes_moves_and_removes(owner: SessionContext, use: Using) -> None:
    for name in ("b", "c", "d"):
        await write(owner, name, f"{name}\nend\n")
    plan = await planned(
        PATCH, use, patch=patch(
            "*** Add File: new/a", "+a", "*** Update File: b", "-b", "+B", "*** Update File: c", "*** Move to: moved/c",
            "@@", "-c", "+C", "*** Delete File: d",
        )
    )  # fmt: skip
    assert plan.actions == (
        Action("write", "/workspace/new/a"), Action("write", "/workspace/b"), Action("delete", "/workspace/c"),
        Action("write", "/workspace/moved/c"), Action("delete", "/workspace/d"),
    )  # fmt: skip
    assert [one["path"] for one in plan.shown["files"]] == ["new/a", "b", "c", "d"]
    assert (await plan.act()).text == (
        "Created new/a (1 lines).\nChanged b (+1 -1 lines).\nMoved c to moved/c (+1 -1 lines).\nRemoved d."
    )
    assert [await content(owner, name) for name in ("new/a", "b", "moved/c")] == [b"a\n", b"B\nend\n", b"C\nend\n"]
    assert {name for name, _ in await owner.files.read_directory("/workspace")} == {"b", "moved", "new"}


async def test_a_file_is_moved_as_it_is(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "no newline")
    await done(PATCH, use, patch=patch("*** Update File: a", "*** Move to: b"))
    assert await content(owner, "b") == b"no newline"


async def test_a_binary_file_can_be_removed(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", b"\0\xff")
    plan = await planned(PATCH, use, patch=patch("*** Delete File: a"))
    assert plan.shown["diff"] == "Binary file a removed"
    assert (await plan.act()).text == "Removed a."


async def test_two_updates_of_a_file_are_one(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\ntwo\n")
    given = patch("*** Update File: a", "-one", "+1", "*** Update File: ./a", "-two", "+2")
    assert (await done(PATCH, use, patch=given)).text == "Changed a (+2 -2 lines)."
    assert await content(owner, "a") == b"1\n2\n"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("*** Add File: a", "+x"), "there is a file already"),
        (("*** Delete File: none",), "there is no such file"),
        (("*** Update File: none", "-x", "+y"), "there is no such file"),
        (("*** Update File: a", "-nowhere", "+y"), "these lines were not found"),
        (("*** Update File: a", "*** Move to: b"), "something is there already"),
        (("*** Delete File: a", "*** Add File: a", "+x"), "names a twice"),
        (("*** Update File: a", "*** Move to: c", "*** Update File: b", "*** Move to: c"), "would end as"),
        (("*** Update File: a", "-one", "+1", "*** Delete File: dir"), "dir: this is a folder"),
        ((), "names no file"),
    ],
)
async def test_a_patch_that_does_not_fit_changes_nothing(
    owner: SessionContext, use: Using, lines: tuple[str, ...], told: str
) -> None:
    await write(owner, "a", "one\n")
    await write(owner, "b", "two\n")
    await write(owner, "dir/x", "")
    with pytest.raises(ToolError, match=told):
        await done(PATCH, use, patch=patch(*lines))
    assert await content(owner, "a") == b"one\n"


async def test_nothing_of_a_patch_is_done_where_one_file_changed(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\n")
    await write(owner, "b", "two\n")
    plan = await planned(
        PATCH, use, patch=patch("*** Update File: a", "-one", "+1", "*** Update File: b", "-two", "+2")
    )
    await write(owner, "b", "other\n")
    with pytest.raises(ToolError, match="b: it was changed meanwhile, nothing was written"):
        await plan.act()
    assert await content(owner, "a") == b"one\n"


async def test_no_file_takes_the_place_of_one_that_came_meanwhile(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\n")
    moves = await planned(PATCH, use, patch=patch("*** Update File: a", "*** Move to: b"))
    makes = await planned(PATCH, use, patch=patch("*** Add File: b", "+mine"))
    await write(owner, "b", "came\n")
    for plan in (moves, makes):
        with pytest.raises(ToolError, match="nothing was written"):
            await plan.act()
    assert (await content(owner, "a"), await content(owner, "b")) == (b"one\n", b"came\n")


# ---- str_replace_editor


async def test_a_new_file_can_be_made_with_no_old_text(owner: SessionContext, use: Using) -> None:
    await done(REPLACE, use, path="a", old_string="", new_string="x\n")
    assert await content(owner, "a") == b"x\n"
    with pytest.raises(ToolError, match="there is a file; old_string must be"):
        await planned(str_replace_editor.EDIT_FILE, use, file_path="a", old_string="", new_string="y")
    with pytest.raises(ToolError, match="the text to replace is empty"):
        await planned(str_replace_editor.EDIT, use, file_path="a", old_string="", new_string="y")


@pytest.mark.parametrize("nothing", [{}, {"old_string": None, "expected_replacements": None}, {"old_string": ""}])
async def test_edit_file_makes_a_file_where_no_old_text_is_given(
    owner: SessionContext, use: Using, nothing: dict[str, Any]
) -> None:
    tool = str_replace_editor.EDIT_FILE
    assert mistake({"file_path": "a", **nothing, "new_string": "x\n"}, tool.schema) is None
    assert (await done(tool, use, file_path="a", **nothing, new_string="x\n")).text == "Created a (1 lines)."
    assert await content(owner, "a") == b"x\n"
    with pytest.raises(ToolError, match="there is a file; old_string must be"):
        await planned(tool, use, file_path="a", **nothing, new_string="y")


async def test_edit_file_removes_the_old_text_where_no_new_one_is_given(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "one\ntwo\n")
    tool = str_replace_editor.EDIT_FILE
    assert mistake({"file_path": "a", "old_string": "one\n", "new_string": None}, tool.schema) is None
    await done(tool, use, file_path="a", old_string="one\n", new_string=None)
    assert await content(owner, "a") == b"two\n"
    for other in (str_replace_editor.EDIT, str_replace_editor.SEARCH_REPLACE):
        assert mistake({"file_path": "a", "old_string": "two"}, other.schema) == ("new_string", "must be given")


async def test_each_name_has_its_own_rules(owner: SessionContext, use: Using) -> None:
    await write(owner, "a", "x  =  1\ny\ny\n")
    loose = {"file_path": "a", "old_string": "x = 1", "new_string": "x = 2"}
    for strict in (str_replace_editor.EDIT, str_replace_editor.SEARCH_REPLACE):
        with pytest.raises(ToolError, match="is not there: read the file again"):
            await planned(strict, use, **loose)
    await done(str_replace_editor.EDIT_FILE, use, **loose)
    twice = {"file_path": "a", "old_string": "y", "new_string": "z"}
    with pytest.raises(ToolError, match="there 2 times, and 1 were expected"):
        await planned(str_replace_editor.SEARCH_REPLACE, use, **twice)
    await done(str_replace_editor.EDIT, use, **twice, replace_all=True)
    await done(str_replace_editor.EDIT_FILE, use, file_path="a", old_string="z", new_string="y",
               expected_replacements=2)  # fmt: skip
    assert await content(owner, "a") == b"x = 2\ny\ny\n"
