"""`read_file`: lines, blocks, pictures and notebooks, as people see them now; what it may not read, it says."""

from __future__ import annotations

from typing import Any

import pytest

import shim as vscode
from extensions.coder.pictures import LARGEST
from extensions.coder.tool import Action, ToolError
from extensions.coder.tools.read_file import MOST_CHARS, TOOL
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def write(session: SessionContext, path: str, content: str | bytes) -> None:
    await session.files.write(f"/workspace/{path}", content.encode() if isinstance(content, str) else content)


async def read(use: Using | None = None, **arguments: Any) -> str:
    return (await done(TOOL, use or Using(), **arguments)).text


async def test_lines_come_with_their_numbers(owner: SessionContext) -> None:
    await write(owner, "src/a.py", "one\ntwo\n")
    assert await read(path="src/a.py") == "File: src/a.py\n1 | one\n2 | two\n3 | "


async def test_what_is_read_is_told_before_it_is_read(owner: SessionContext) -> None:
    await write(owner, "a.py", "x")
    plan = await planned(TOOL, Using(), path="./b/../a.py")
    assert (plan.actions, dict(plan.shown)) == ((Action("read", "/workspace/a.py"),), {"path": "a.py"})


async def test_a_long_file_says_first_where_to_go_on(owner: SessionContext) -> None:
    await write(owner, "a", "\n".join(f"line {n}" for n in range(1, 5_001)))
    _, notice, first, *_ = (await read(path="a")).split("\n")
    assert notice == "Lines 1 to 2000 of 5000. Not all was shown: to go on, read it with offset 2001 and limit 2000."
    assert first == "   1 | line 1"
    rest = await read(path="a", offset=4_999, limit=10)
    assert rest == "File: a\nLines 4999 to 5000 of 5000.\n4999 | line 4999\n5000 | line 5000"


async def test_no_excerpt_fills_the_context(owner: SessionContext) -> None:
    await write(owner, "a", "\n".join("x" * 1_900 for _ in range(3_000)))
    text = await read(path="a")
    assert len(text) < MOST_CHARS + 200
    assert "Lines 1 to 104 of 3000. Not all was shown: to go on, read it with offset 105" in text
    assert (await read(path="a", offset=105, limit=1)).split("\n")[2].startswith("105 | xxx")


async def test_the_block_around_a_line_is_read_by_indentation(owner: SessionContext) -> None:
    await write(owner, "a.py", "import os\n\ndef one():\n    a\n\n    b\n\ndef two():\n    c\n")
    text = await read(path="a.py", mode="indentation", indentation={"anchor_line": 4, "max_levels": 1})
    assert "def one():" in text and "    b" in text
    assert (await read(path="a.py", mode="indentation", offset=9)).endswith("9 |     c")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"offset": 0}, "offset: lines are counted from 1"),
        ({"offset": -5}, "offset: lines are counted from 1"),
        ({"limit": 0}, "limit: lines are counted from 1"),
        ({"mode": "indentation", "indentation": {"anchor_line": 0}}, "anchor_line: lines are counted from 1"),
        ({"offset": 9}, "line 9 was asked for, the file has 2 lines"),
        ({"mode": "indentation", "indentation": {"anchor_line": 9}}, "anchor line 9 is not in the file"),
    ],
)
async def test_lines_that_are_not_there_are_refused(
    owner: SessionContext, arguments: dict[str, Any], told: str
) -> None:
    await write(owner, "a", "1\n2")
    with pytest.raises(ToolError, match=told):
        await read(path="a", **arguments)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("", "path: it is missing"),
        ("none.py", "none.py: there is no such file"),
        ("src", "src: this is a folder; list it with list_files"),
        ("a\0b", "a path holds no NUL"),
        ("blob.bin", "this is a binary file"),
        ("x" * 300, "a name has at most 255 bytes"),
        ("report.odt", "turn it into text with execute_command"),
        ("sheet.xls", "turn it into text with execute_command"),
    ],
)
async def test_what_cannot_be_read_says_why(owner: SessionContext, path: str, told: str) -> None:
    await write(owner, "src/a.py", "")
    await write(owner, "blob.bin", b"\0\1\2")
    await write(owner, "report.odt", b"PK")
    await write(owner, "sheet.xls", b"PK")
    with pytest.raises(ToolError, match=told):
        await read(path=path)


async def test_an_empty_file_says_so(owner: SessionContext) -> None:
    await write(owner, "a", "")
    assert await read(path="a") == "File: a\nThe file is empty."


async def test_bytes_that_are_no_text_are_shown_as_such(owner: SessionContext) -> None:
    await write(owner, "a", b"caf\xe9 \xff\nok")
    assert await read(path="a") == "File: a\n1 | caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}\n2 | ok"


async def test_marks_of_byte_order_are_understood_and_not_shown(owner: SessionContext) -> None:
    await write(owner, "a", "\N{ZERO WIDTH NO-BREAK SPACE}hé".encode("utf-16-le"))
    await write(owner, "b", b"\xef\xbb\xbfh")
    assert (await read(path="a"), await read(path="b")) == ("File: a\n1 | hé", "File: b\n1 | h")


async def test_what_is_not_saved_yet_is_what_is_read(owner: SessionContext) -> None:
    await write(owner, "a", "saved")
    document = await vscode.workspace.open_text_document("/workspace/a")
    edit = vscode.WorkspaceEdit()
    edit.replace(document.uri, vscode.Range(0, 0, 0, 5), "typed")
    assert await vscode.workspace.apply_edit(edit)
    assert await read(path="a") == "File: a (with changes not saved yet)\n1 | typed"


async def test_the_old_form_reads_several_files_and_one_that_fails_leaves_the_others(owner: SessionContext) -> None:
    await write(owner, "a", "1\n2\n3")
    text = await read(files=[{"path": "a", "lineRanges": [[1, 1], {"start": 3, "end": 3}]}, {"path": "none"}])
    assert text == (
        "File: a\nLines 1 to 1 of 3. Not all was shown: to go on, read it with offset 2 and limit 1.\n1 | 1\n\n"
        "File: a\nLines 3 to 3 of 3.\n3 | 3\n\nFile: none\nError: none: there is no such file; "
        "look for it with list_files or search_files"
    )
    with pytest.raises(ToolError, match="no range of lines"):
        await read(files=[{"path": "a", "lineRanges": ["x"]}])


async def test_a_path_and_the_old_form_together_read_all_that_they_name(owner: SessionContext) -> None:
    await write(owner, "a", "1\n2\n3")
    await write(owner, "b", "other")
    text = await read(path="a", limit=1, files=[{"path": "b"}])
    assert text.startswith("File: a\nLines 1 to 1 of 3.") and text.endswith("File: b\n1 | other")
    again = await read(path="a", files=[{"path": "a", "line_ranges": [[3, 3]]}, {"path": "b"}])
    assert again == "File: a\nLines 3 to 3 of 3.\n3 | 3\n\nFile: b\n1 | other"
    assert await read(path="b", files=[]) == await read(path="b", files=None) == "File: b\n1 | other"


@pytest.mark.parametrize(
    ("ranges", "lines"),
    [
        ([[2, 3]], "23"), ([2, 3], "23"), (["2", "3"], "23"), ("2-3", "23"), (["2 - 3"], "23"), ([["2", "3"]], "23"),
        ({"start": 2, "end": 3}, "23"), ([{"start": "2", "end": "3"}], "23"), (["2"], "2"), (["3-"], "34"),
        ([[3, -1]], "34"), ([[3, None]], "34"), ({"start": 3}, "34"), ([[3, 99]], "34"), ([], "1234"), (None, "1234"),
    ],
)  # fmt: skip
async def test_a_range_of_lines_is_understood_in_whatever_form(owner: SessionContext, ranges: Any, lines: str) -> None:
    await write(owner, "a", "1\n2\n3\n4")
    text = await read(files=[{"path": "a", "lineRanges": ranges}])
    assert "".join(line[0] for line in text.split("\n") if " | " in line) == lines


@pytest.mark.parametrize("ranges", [3, ["x"], [[3, 2]], [[0, 2]], [[1, 2, 3]], [3], [None], [True], {"from": 2}, "a-b"])
async def test_what_is_no_range_of_lines_says_what_one_is(owner: SessionContext, ranges: Any) -> None:
    await write(owner, "a", "1\n2\n3")
    with pytest.raises(ToolError, match=r"write \[|are counted from 1"):
        await read(files=[{"path": "a", "lineRanges": ranges}])


async def test_a_picture_is_shown_to_a_model_that_sees(owner: SessionContext) -> None:
    await write(owner, "a.png", PNG)
    use = Using()
    result = await done(TOOL, use, path="a.png")
    assert [(image.data, image.mime) for image in result.images] == [(PNG, "image/png")]
    use.sees_images = False
    blind = await done(TOOL, use, path="a.png")
    assert blind.images == () and "does not see pictures" in blind.text


async def test_pictures_have_their_limits(owner: SessionContext) -> None:
    await write(owner, "big.png", PNG + bytes(LARGEST))
    with pytest.raises(ToolError, match="5 MB are the most"):
        await read(path="big.png")
    for number in range(5):
        await write(owner, f"{number}.png", PNG + bytes(LARGEST - len(PNG)))
    result = await done(TOOL, Using(), files=[{"path": f"{number}.png"} for number in range(5)])
    assert len(result.images) == 4
    assert "4.png: the pictures of one call may have 20 MB together" in result.text


async def test_a_picture_is_told_by_its_bytes(owner: SessionContext) -> None:
    await write(owner, "text.png", "no picture")
    await write(owner, "old.bmp", b"BM" + bytes(50))
    await write(owner, "drawing.svg", "<svg/>")
    assert await read(path="text.png") == "File: text.png\n1 | no picture"
    assert await read(path="drawing.svg") == "File: drawing.svg\n1 | <svg/>"
    with pytest.raises(ToolError, match="only PNG, JPEG, GIF and WebP"):
        await read(path="old.bmp")


async def test_what_rooignore_names_is_not_read(owner: SessionContext) -> None:
    await write(owner, "secret/key", "x")
    with pytest.raises(ToolError, match="kept from you by"):
        await read(Using(ignore="secret/"), path="secret/key")


async def test_a_file_that_became_a_link_meanwhile_is_not_read(owner: SessionContext, world: Any) -> None:
    await write(owner, "a", "mine")
    await write(owner, "secret", "kept")
    plan = await planned(TOOL, Using(ignore="secret"), path="a")
    (world / "workspace/a").unlink()
    (world / "workspace/a").symlink_to("secret")
    with pytest.raises(ToolError, match="leads elsewhere since it was looked at"):
        await plan.act()
