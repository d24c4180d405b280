"""Mentions: what a person names in a message stands behind it, within bounds, and what is closed stays closed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import shim as vscode
from extensions.coder import pages
from extensions.coder.access import Access
from extensions.coder.agent_files import AgentFiles
from extensions.coder.mentions import MOST, Expanded, World, expand
from extensions.coder.tool import Image
from sessions.context import SessionContext
from shim.proposed import processes
from shim.proposed.fetching import Page
from tests.extensions.coder.conftest import lay
from tests.inside import tenants
from tests.sessions.test_web import Far, internet, says

pytestmark = pytest.mark.anyio

WORKSPACE = vscode.Uri.file("/workspace")
OPEN = World(WORKSPACE, Access("/workspace", "secrets/\n*.pem"))


async def expanded(text: str, world: World = OPEN) -> Expanded:
    return await expand(text, world)


# -- files


async def test_a_file_stands_behind_the_message_with_its_lines(ada: SessionContext) -> None:
    await lay({"src/a.py": "x = 1\ny = 2\n", "with space.txt": "hello"})
    found = await expanded("See @/src/a.py, and (@/with\\ space.txt).")
    assert found.text == "See '/src/a.py' (see below), and ('/with space.txt' (see below))."
    assert found.blocks == (
        '<file_content path="src/a.py">\n1 | x = 1\n2 | y = 2\n3 | \n</file_content>',
        '<file_content path="with space.txt">\n1 | hello\n</file_content>',
    )
    assert found.whole == "\n\n".join((found.text, *found.blocks))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@/nothing.py", "there is no such file"),
        ("@/secrets/token", "closes this file"),
        ("@/../home/x", "outside of the workspace"),
        ("@/a.bin", "it is not text"),
        ("@/empty.txt", "it is empty"),
        ("@/big.txt", "the first 2000 of"),
        ("@/huge.txt", "are shown here at most"),
        ("@/a.odt", "pandoc"),
    ],
)
async def test_what_cannot_be_shown_says_why(ada: SessionContext, text: str, said: str) -> None:
    await lay({"secrets/token": "hunter2", "~/x": "mine", "a.bin": "a\0b", "empty.txt": ""})
    await lay({"big.txt": "line\n" * 5_000, "huge.txt": "x" * (9 << 20), "a.odt": "PK"})
    (block,) = (await expanded(text)).blocks
    assert said in block
    assert "hunter2" not in block


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("(See @/app/(shop)/[id]), please", "app/(shop)/[id]"),
        ("@/app/(shop)?", "app/(shop)"),
        ("what (@/a/b.py)!", "a/b.py"),
        ("@/a/b.py...", "a/b.py"),
        ("@/odd).py, too", "odd).py"),
    ],
)
async def test_brackets_of_a_path_are_its_own_and_those_around_it_are_not(
    ada: SessionContext, text: str, names: str
) -> None:
    await lay({"app/(shop)/[id]/page.tsx": "x", "a/b.py": "x", "odd).py": "x"})
    (block,) = (await expanded(text)).blocks
    assert f'path="{names}"' in block
    assert "there is no such file" not in block


@pytest.mark.parametrize(
    "text",
    [
        "mail me@/src", "a @ b", "@nobody", "@abc", "`x`@problems", "\\@/src/a.py", "@terminal/xterm", "@problems-x",
        "@1234567/pkg", "@deadbeef.example",
    ],
)  # fmt: skip
async def test_what_is_no_mention_is_left_alone(ada: SessionContext, text: str) -> None:
    await vscode.workspace.fs.create_directory(WORKSPACE)
    found = await expanded(text)
    assert (found.text, found.blocks) == (text, ())


async def test_a_folder_is_listed_with_what_stands_in_its_files(ada: SessionContext, roo: vscode.Uri) -> None:
    (block,) = (await expanded("Look at @/src/shop")).blocks
    assert block.startswith('<folder_content path="src/shop">\napp.log\ncart.py\n\n')
    assert '<file_content path="src/shop/cart.py">\n1 | def total(items):' in block
    (top,) = (await expanded("@/")).blocks
    assert "🔒 secrets/" in top
    assert "hunter2" not in top


async def test_a_large_file_of_a_folder_is_shown_by_what_it_defines(ada: SessionContext) -> None:
    await lay({"lib/large.py": "def first():\n" + "    x = 1\n" * 2_000, "lib/small.py": "y = 2\n"})
    (block,) = (await expanded("@/lib", World(WORKSPACE, OPEN.access, budget=4_000))).blocks
    assert "def first():" in block
    assert "1 | y = 2" in block
    assert "x = 1" not in block


async def test_a_link_to_what_is_closed_or_outside_shows_nothing(ada: SessionContext, tmp_path: Path) -> None:
    await lay({"secrets/token": "hunter2", "~/x": "hunter3", "open.txt": "fine"})
    top = tmp_path / "users/ada/root/workspace"
    for name, target in (("a", "secrets/token"), ("b", "/home/x"), ("c", "open.txt"), ("d", "secrets"), ("e", "e")):
        (top / name).symlink_to(target)
    found = await expanded("@/a @/b @/c @/d @/e @/")
    assert [("fine" in one, "closes" in one or "outside" in one) for one in found.blocks[:3]] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    assert "hunter" not in found.whole


PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


async def test_an_image_is_attached_for_a_model_that_sees(ada: SessionContext) -> None:
    await vscode.workspace.fs.write_file(vscode.Uri.file("/workspace/a.PNG"), PNG)
    found = await expanded("@/a.PNG")
    assert found.images == (Image(PNG, "image/png"),)
    assert "attached" in found.blocks[0]
    blind = await expanded("@/a.PNG", World(WORKSPACE, OPEN.access, sees_images=False))
    assert blind.images == ()
    assert "does not see pictures" in blind.blocks[0]


async def test_pictures_that_are_too_large_alone_or_together_are_named_and_left_out(ada: SessionContext) -> None:
    large = PNG + bytes(3_000_000)
    for name, content in (("a.png", large), ("b.png", large), ("c.png", PNG), ("d.png", PNG + bytes(6 << 20))):
        await vscode.workspace.fs.write_file(vscode.Uri.file(f"/workspace/{name}"), content)
    found = await expanded("@/a.png @/b.png @/c.png @/d.png")
    assert found.images == (Image(large, "image/png"), Image(PNG, "image/png"))
    assert "left out" in found.blocks[1]
    assert "attached" in found.blocks[2]
    assert "are shown at most" in found.blocks[3]


async def test_a_file_is_shown_in_its_encoding_and_as_it_is_being_edited(ada: SessionContext) -> None:
    for name, content in (("a.txt", "grün".encode("utf-16")), ("b.txt", b"\xef\xbb\xbfplain"), ("c.txt", b"caf\xe9")):
        await vscode.workspace.fs.write_file(vscode.Uri.file(f"/workspace/{name}"), content)
    await lay({"d.txt": "old\n"})
    document = await vscode.workspace.open_text_document(vscode.Uri.file("/workspace/d.txt"))
    edit = vscode.WorkspaceEdit()
    edit.replace(document.uri, vscode.Range(0, 0, 0, 3), "new")
    assert await vscode.workspace.apply_edit(edit)
    blocks = (await expanded("@/a.txt @/b.txt @/c.txt @/d.txt")).blocks
    assert [block.split("\n")[1] for block in blocks] == ["1 | grün", "1 | plain", "1 | caf\ufffd", "1 | new"]
    assert "not saved yet" in blocks[3]


async def test_notebooks_and_office_files_are_shown_as_text() -> None:
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            cells = '{"cells": [{"cell_type": "code", "source": ["x = 1"]}]}'
            await lay({"a.ipynb": cells, "b.ipynb": "{", "c.docx": "PK"})
            good, bad, none = (await expanded("@/a.ipynb @/b.ipynb @/c.docx")).blocks
    assert "2 | x = 1" in good
    assert "it is no notebook" in bad
    assert "it is no archive as such files are" in none


async def test_a_message_that_names_too_much_is_cut_and_says_so(ada: SessionContext) -> None:
    await lay({f"{n}.txt": "x" * 3_000 for n in range(MOST + 5)})
    found = await expanded(" ".join(f"@/{n}.txt" for n in range(MOST + 5)), World(WORKSPACE, OPEN.access, budget=2_000))
    assert len(found.blocks) == MOST
    assert len("".join(found.blocks)) < 2_000 * 3.5 + MOST * 400
    assert "cut here" in found.blocks[-1]
    assert found.text.endswith(f"@/{MOST + 4}.txt")


async def test_the_same_thing_named_twice_is_shown_once(ada: SessionContext) -> None:
    await lay({"a.txt": "x"})
    assert len((await expanded("@/a.txt and @/a.txt")).blocks) == 1


# -- the rest of the world


async def test_problems_are_shown_without_those_of_closed_files(ada: SessionContext) -> None:
    found = vscode.languages.create_diagnostic_collection("lint")
    here = vscode.Range(vscode.Position(3, 0), vscode.Position(3, 1))
    for path in ("/workspace/a.py", "/workspace/secrets/b.py"):
        found.set(vscode.Uri.file(path), [vscode.Diagnostic(here, f"wrong in {path}", vscode.DiagnosticSeverity.HINT)])
    (block,) = (await expanded("fix @problems!")).blocks
    assert block == "<problems>\na.py:4 [Hint] wrong in /workspace/a.py\n</problems>"


async def test_a_page_comes_as_markdown_through_the_guarded_client(ada: SessionContext) -> None:
    html = b"<title>Docs</title><nav>menu</nav><main><h2>Use</h2><script>x()</script><p>Call <b>it</b>.</main>"
    far = Far(docs=says(html, Content_Type="text/html"), gone=says(b"", "404 Not Found"))
    async with internet(far) as ada.web:
        found = await expanded("Read @http://public.test/docs. And @http://public.test/gone, @http://loop.test/x")
    page, gone, inside = found.blocks
    assert page == '<page url="http://public.test/docs">\n# Docs\n\n## Use\n\nCall **it**.\n</page>'
    assert "the server answers 404" in gone
    assert "not public" in inside
    assert found.text.startswith("Read 'http://public.test/docs' (see below). And ")
    assert [address for address, _ in far.dialled] == ["93.184.216.34"] * 2


async def test_terminals_and_commits_are_shown_as_they_are_in_the_sandbox() -> None:
    line = """
        git init -q -b main . && git config user.email a@b.c && git config user.name Ada
        mkdir secrets && echo one > a.txt && echo hunter2 > secrets/token && git add . && git commit -qm First
        echo two > a.txt && echo hunter3 > secrets/token && echo new > b.txt
        printf '#!/bin/sh\\ntouch /workspace/ran\\n' > .git/evil.sh && chmod +x .git/evil.sh
        git config diff.external /workspace/.git/evil.sh && git config core.fsmonitor /workspace/.git/evil.sh
        git rev-parse HEAD
    """
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            done = await processes.run(["bash", "-c", line])
            assert done.exit_code == 0, done.output
            sha = done.output.decode().split()[-1]
            found = await expanded(f"@git-changes @{sha[:10]} @deadbeef @terminal")
            changes, commit, unknown, terminal = found.blocks
            assert "-one\n+two" in changes
            assert "?? b.txt" in changes
            assert commit.startswith(f'<git_commit hash="{sha[:10]}">\ncommit {sha}')
            assert "First" in commit
            assert "+one" in commit
            assert "hunter" not in found.whole
            assert changes.count("is left out") == 1
            assert "(not to be had: git show: " in unknown
            assert terminal == "<terminal>\n(there is no terminal)\n</terminal>"
            with pytest.raises(vscode.FileSystemError):
                await vscode.workspace.fs.stat(vscode.Uri.file("/workspace/ran"))
            shell = vscode.window.create_terminal("build")
            await shell.process_id
            shell.send_text("echo built-$((40 + 2))")
            async with asyncio.timeout(20):
                while "built-42" not in (block := (await expanded("@terminal")).blocks[0]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert block.startswith("<terminal>\nbuild:\n")


# -- commands and skills


async def test_a_slash_command_brings_its_text_and_its_mode(ada: SessionContext, roo: vscode.Uri) -> None:
    files = AgentFiles()
    world = World(roo, OPEN.access, await files.commands(roo), await files.skills(roo, "code"))
    found = await expanded("/release 2.0 now", world)
    assert found.text == "/release (see below) 2.0 now"
    assert found.mode == "code"
    assert found.blocks == (
        '<command name="release">\nDescription: Prepare a release\n\nWrite the changelog, then tag.\n</command>',
    )
    later = await expanded("first /migrate then /release and /nothing in /src/a", world)
    assert later.mode == ""
    assert [block.partition(">")[0] for block in later.blocks] == [
        '<skill name="migrate" path="/workspace/.roo/skills/migrate/SKILL.md"',
        '<command name="release"',
    ]
    assert "/nothing in /src/a" in later.text


# -- pages


def page(content: bytes, kind: str = "text/html", truncated: bool = False) -> Page:
    return Page("http://a/", 200, {"content-type": kind}, content, truncated)


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"<p>a<p>b<ul><li>c", "text/html", "a\n\nb\n\n- c"),
        (b"plain", "text/plain", "plain"),
        (b'{"a": 1}', "application/json", '{"a": 1}'),
        (b"<html><body>x", "", "x"),
        (b"<div>" * 20_000 + b"deep", "text/html", "deep"),
    ],
)
def test_a_page_is_read_as_what_it_is(content: bytes, kind: str, expected: str) -> None:
    assert pages.read(page(content, kind), 1_000) == expected


@pytest.mark.parametrize(("content", "kind"), [(b"%PDF-", "application/pdf"), (b"a\0b", ""), (b"x", "image/png")])
def test_what_is_no_text_is_none(content: bytes, kind: str) -> None:
    with pytest.raises(pages.NoText):
        pages.read(page(content, kind), 1_000)


def test_a_long_page_says_that_it_goes_on() -> None:
    assert pages.read(page(b"x" * 100, "text/plain"), 10) == "xxxxxxxxxx\n\n(The page goes on; this is its beginning.)"
    assert "goes on" in pages.read(page(b"x", "text/plain", truncated=True), 10)
