"""`read_command_output`: only a task's own stored outputs, in pages or by a pattern that cannot cost much."""

from __future__ import annotations

import time

import pytest

from extensions.coder.tool import ToolError
from extensions.coder.tools.read_command_output import LIMIT_BYTES, TOOL
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

NAME = "cmd-1700000000000.txt"


async def stored(session: SessionContext, use: Using, data: bytes) -> None:
    await session.files.write(f"{use.store().path}/command-output/{NAME}", data)


@pytest.mark.parametrize(
    "name",
    ["../cmd-1.txt", "cmd-1.txt/../../secret", "/etc/passwd", "cmd-.txt", "cmd-1.txt\n", "cmd-١.txt", "cmd-1.TXT", "",
     "cmd-1.txt\0", "cmd--1.txt", "x/cmd-1.txt", "cmd-" + "1" * 300 + ".txt"],
)  # fmt: skip
async def test_a_name_that_is_none_is_refused(use: Using, name: str) -> None:
    with pytest.raises(ToolError, match="no name of a stored output"):
        await planned(TOOL, use, artifact_id=name)


async def test_an_output_that_is_not_there_is_told(use: Using) -> None:
    result = await done(TOOL, use, artifact_id=NAME)
    assert result.failed and f"no stored output {NAME}" in result.text


async def test_pages_of_it_are_all_of_it(ada: SessionContext, use: Using) -> None:
    data = b"".join(b"line %06d\n" % number for number in range(10_000))
    await stored(ada, use, data)
    seen, offset = "", 0
    while offset < len(data):
        head, _, text = (await done(TOOL, use, artifact_id=NAME, offset=offset)).text.partition("\n")
        assert f"bytes {offset} to {min(offset + LIMIT_BYTES, len(data))} of {len(data)}, from line " in head
        seen += text
        offset += LIMIT_BYTES
    assert seen.encode() == data


async def test_no_page_is_larger_than_the_limit(ada: SessionContext, use: Using) -> None:
    await stored(ada, use, b"x" * 200_000)
    assert len((await done(TOOL, use, artifact_id=NAME, limit=10**9)).text) < LIMIT_BYTES + 200
    assert (await done(TOOL, use, artifact_id=NAME, offset=199_998)).text.endswith("This is its end.]\nxx")
    beyond = await done(TOOL, use, artifact_id=NAME, offset=200_000)
    assert beyond.failed and "beyond its end" in beyond.text


@pytest.mark.parametrize(("offset", "limit"), [(-1, 10), (0, -5)])
async def test_what_is_negative_is_refused(use: Using, offset: int, limit: int) -> None:
    with pytest.raises(ToolError, match="negative"):
        await planned(TOOL, use, artifact_id=NAME, offset=offset, limit=limit)


async def test_lines_are_found_whatever_their_case_with_their_numbers(ada: SessionContext, use: Using) -> None:
    lines = [f"step {number}" for number in range(1, 1001)]
    lines[499], lines[999] = "ERROR: first\r", "last error"
    await stored(ada, use, "\n".join(lines).encode())
    result = await done(TOOL, use, artifact_id=NAME, search="^error|error$")
    assert result.text == f"[{NAME}: 2 of 1000 lines match]\n500 | ERROR: first\n1000 | last error"
    only = await done(TOOL, use, artifact_id=NAME, search=r"\Aerror")
    assert only.text.endswith("lines match]\n500 | ERROR: first")
    none = await done(TOOL, use, artifact_id=NAME, search="no such thing")
    assert none.text == f"[{NAME}: 0 of 1000 lines match]"


async def test_numbers_count_from_the_beginning_also_behind_an_offset(ada: SessionContext, use: Using) -> None:
    await stored(ada, use, b"a\nb\nc\nb\n")
    assert (await done(TOOL, use, artifact_id=NAME, search="b", offset=4)).text.endswith("\n4 | b")


async def test_of_many_matches_only_so_many_are_given(ada: SessionContext, use: Using) -> None:
    await stored(ada, use, (b"match " + b"m" * 1000 + b"\n") * 5000)
    text = (await done(TOOL, use, artifact_id=NAME, search="match")).text
    assert len(text) < LIMIT_BYTES + 200
    assert "5000 of 5001 lines match, of which the first" in text


@pytest.mark.parametrize("search", ["(", "[E1", "[z-a]", "(?=x)", r"(a)\1", "*.py", "f(x", "a{9}{9999}{9999}"])
async def test_what_is_no_pattern_is_looked_for_as_it_stands(ada: SessionContext, use: Using, search: str) -> None:
    await stored(ada, use, f"one\n> {search.upper()} <\nthree\n".encode())
    head, *lines = (await done(TOOL, use, artifact_id=NAME, search=search)).text.split("\n")
    assert lines == [f"2 | > {search.upper()} <"]
    assert head.endswith("(no look-around, no back references): it was looked for as it stands]")


async def test_a_search_that_is_too_long_is_refused(use: Using) -> None:
    with pytest.raises(ToolError, match="search: a pattern may have"):
        await planned(TOOL, use, artifact_id=NAME, search="x" * 2000)


async def test_a_page_says_at_which_line_it_begins_and_ends_with_a_whole_character(
    ada: SessionContext, use: Using
) -> None:
    data = "".join(f"{number} 日本語\n" for number in range(20_000)).encode()
    await stored(ada, use, data)
    seen, offset = "", 0
    while offset < len(data):
        head, _, text = (await done(TOOL, use, artifact_id=NAME, offset=offset)).text.partition("\n")
        line = data.count(b"\n", 0, offset) + 1
        assert f", from line {line} on." in head
        seen, end = seen + text, int(head.split(" of ")[0].rpartition(" ")[2])
        assert offset < end <= offset + LIMIT_BYTES
        offset = end
    assert seen == data.decode()


async def test_a_page_of_what_is_no_text_ends_where_it_was_asked_to(ada: SessionContext, use: Using) -> None:
    await stored(ada, use, b"\x80" * 100)
    for limit in (1, 2, 50):
        assert f"bytes 0 to {limit} of 100" in (await done(TOOL, use, artifact_id=NAME, limit=limit)).text


@pytest.mark.parametrize("search", ["(a+)+$", "(a|a)*b", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$"])
async def test_no_pattern_is_slow(ada: SessionContext, use: Using, search: str) -> None:
    await stored(ada, use, (b"a" * 50_000 + b"!\n") * 40)
    began = time.monotonic()
    await done(TOOL, use, artifact_id=NAME, search=search)
    assert time.monotonic() - began < 5


async def test_a_large_output_is_searched_in_a_moment(ada: SessionContext, use: Using) -> None:
    ada.files.largest = 64 << 20
    await stored(ada, use, b"".join(b"%d: compiled something or other\n" % number for number in range(400_000)))
    began = time.monotonic()
    result = await done(TOOL, use, artifact_id=NAME, search="^399999:")
    assert "1 of 400001 lines match]\n400000 | 399999: compiled" in result.text
    assert time.monotonic() - began < 5
