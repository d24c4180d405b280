"""`search_files` and `codebase_search`, in a real sandbox: what matches, what is passed over, and how much is told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.access import Access
from extensions.coder.ranking import words_of
from extensions.coder.tool import Action, ToolError
from extensions.coder.tools import codebase_search, search_files
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio


async def put(session: SessionContext, texts: dict[str, str | bytes]) -> None:
    for path, text in texts.items():
        await session.files.write(f"/workspace/{path}", text.encode() if isinstance(text, str) else text)


async def search(use: Using, regex: str, path: str = ".", **more: Any) -> str:
    return (await done(search_files.TOOL, use, path=path, regex=regex, **more)).text


async def test_lines_that_match_come_with_those_around_them(ada: SessionContext, use: Using) -> None:
    await put(ada, {"src/a.py": "one\ntwo\nthree\nfour\nfive\nsix\ntwo\n", "b.txt": "twofold\n"})
    assert await search(use, r"\btwo\b", "src") == (
        "2 lines match.\n\n# src/a.py\n  1 | one\n> 2 | two\n  3 | three\n----\n  6 | six\n> 7 | two"
    )
    assert await search(use, "two", file_pattern="*.txt") == "1 lines match.\n\n# b.txt\n> 1 | twofold"
    assert await search(use, "two", "b.txt") == "1 lines match.\n\n# b.txt\n> 1 | twofold"
    assert await search(use, "two", file_pattern="src/*.py") != await search(use, "two")
    assert await search(use, "TWO") == "No line matches in '.'"
    assert "twofold" in await search(use, "(?i)TWOF")


async def test_what_git_ignores_and_what_is_kept_from_the_agent_is_not_found(ada: SessionContext) -> None:
    await put(ada, {
        ".gitignore": "*.log\n", "a.log": "needle", "secret/key": "needle", "bin": b"needle\0", "a": "needle",
    })  # fmt: skip
    assert await search(Using(ignore="secret/"), "needle") == "1 lines match.\n\n# a\n> 1 | needle"
    with pytest.raises(ToolError, match="kept from you"):
        await planned(search_files.TOOL, Using(ignore="secret/"), path="secret/key", regex="needle")


async def test_what_is_kept_from_the_agent_is_judged_beside_the_loop(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, threading.Thread] = {}

    def can_read(access: Access, path: str) -> bool:
        asked[path] = threading.current_thread()
        return judge(access, path)

    judge = Access.can_read
    monkeypatch.setattr(Access, "can_read", can_read)
    await put(ada, {"a": "needle", "secret/key": "needle"})
    assert await search(Using(ignore="secret/"), "needle") == "1 lines match.\n\n# a\n> 1 | needle"
    assert threading.current_thread() not in {asked["/workspace/a"], asked["/workspace/secret/key"]}


async def test_no_pattern_for_files_reaches_out_of_the_folder_that_is_searched(ada: SessionContext) -> None:
    await put(ada, {"project/src/a.py": "needle", "project/secret/key": "needle", "elsewhere/file": "needle"})
    await (await ada.sandbox()).run(["ln", "-s", "../elsewhere", "/workspace/project/out"])
    use = Using("/workspace/project", ignore="secret/")
    for pattern in ("../**", "/../**", "../elsewhere/*", "{../,}**", "{../elsewhere,src}/*", "**/../elsewhere/*",
    "out/*",
                    "/workspace/elsewhere/*", "src/../../elsewhere/*", "[.][.]/**", "secret/*", "{secret,src}/*",
                    "sec*/k?y",
                    "./secret/*", "!src/**", "-g", "--pre=x", "src/../secret/*", "\\.\\./**"):  # fmt: skip
        found = await search(use, "needle", file_pattern=pattern)
        assert "elsewhere" not in found.replace(pattern, "") and "key" not in found.replace(pattern, ""), pattern
    assert "src/a.py" in await search(use, "needle", file_pattern="**/*.{py,md}")


async def test_no_more_than_300_lines_are_told(ada: SessionContext, use: Using) -> None:
    await put(ada, {f"{name}.txt": "needle\n\n\n" * 200 for name in ("a", "b")} | {"long": "needle" + "x" * 5_000})
    text = await search(use, "needle")
    assert text.startswith("The first 300 lines that match; there are more:")
    assert text.count("> ") == 300
    assert max(map(len, text.split("\n"))) < 600


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"path": ".", "regex": "("}, "the search was not made: query.pattern: must be a regular expression"),
        ({"path": ".", "regex": "(?<=a)b"}, "without look-around"),
        ({"path": ".", "regex": ""}, "regex: it is empty"),
        ({"path": "none", "regex": "a"}, "there is no such folder"),
    ],
)
async def test_a_search_that_cannot_be_made_says_why(
    ada: SessionContext, use: Using, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(ToolError, match=told):
        await done(search_files.TOOL, use, **arguments)


async def test_leave_is_asked_for_the_folder(ada: SessionContext, use: Using) -> None:
    plan = await planned(search_files.TOOL, use, path="/home", regex="x", file_pattern="*.py")
    assert plan.actions == (Action("read", "/home"),)
    assert dict(plan.shown) == {"path": "/home", "regex": "x", "filePattern": "*.py"}


async def test_the_file_that_speaks_most_of_it_comes_first(ada: SessionContext, use: Using) -> None:
    await put(ada, {
        "hooks/delivery.py": "class WebhookDelivery:\n    def retry(self):\n        'Try a failed webhook again.'\n",
        "docs/words.md": "a webhook is a call\n" * 30,
        "other.py": "x = 1\n",
        "secret.py": "def retry_webhook_delivery(): ...\n",
    })  # fmt: skip
    text = (
        await done(codebase_search.TOOL, Using(ignore="secret.py"), query="how are failed webhook deliveries retried?")
    ).text
    parts = text.split("\n\n")
    assert parts[1].startswith("# hooks/delivery.py\n1 | class WebhookDelivery:\n2 | def retry(self):\n3 |")
    assert parts[2].startswith("# docs/words.md") and len(parts) == 3
    assert "Nothing in . speaks of zebra" in (await done(codebase_search.TOOL, use, query="zebra")).text
    with pytest.raises(ToolError, match="no word in it tells anything"):
        await planned(codebase_search.TOOL, use, query="how is it?")


def test_the_words_of_a_question_are_those_that_tell_something() -> None:
    assert words_of("Where is the HTTPServer's max_retries used?") == ["httpserver", "http", "server", "max_retries",
                                                                        "max", "retries"]  # fmt: skip


async def test_links_are_not_followed(ada: SessionContext, use: Using, tmp_path: Path) -> None:
    await put(ada, {"a": "needle"})
    await ada.files.write("/home/other", b"needle")
    assert await search(use, "needle", "/home") == "1 lines match.\n\n# /home/other\n> 1 | needle"
