"""The shared file cache: bounded, shared by content, and nobody is ever served what somebody else read."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.cache import ENTRY, LARGEST_SHARE, FileCache
from sessions.files import Files
from sessions.root import Root

V1, V2 = (1, 10, 3, 100, 100), (1, 10, 3, 101, 101)


def test_a_user_finds_what_they_read_and_nobody_else_does() -> None:
    cache = FileCache(1 << 20)
    cache.put("alice", V1, b"abc")
    assert cache.get("alice", V1) == b"abc"
    for owner, version in (("bob", V1), ("alice2", V1), ("Alice", V1), ("alice", V2), ("", V1)):
        assert cache.get(owner, version) is None


def test_what_somebody_read_who_left_is_kept_no_longer_and_all_else_is() -> None:
    cache = FileCache(1 << 20)
    for number in range(100):
        cache.put("alice", (1, number, 3, 100, 100), b"x" * 1000)
    cache.put("bob", V1, b"x" * 1000)
    cache.forget("alice")
    cache.forget("nobody")
    assert cache.bytes == ENTRY + 1000 and len(cache) == 1
    assert cache.get("alice", (1, 5, 3, 100, 100)) is None and cache.get("bob", V1) == b"x" * 1000
    cache.put("alice", V1, b"y")
    assert cache.get("alice", V1) == b"y"


def test_the_same_content_is_kept_once_whoever_read_it() -> None:
    cache = FileCache(1 << 20)
    for uid in ("alice", "bob", "carol"):
        cache.put(uid, V1, b"x" * 1000)
    assert cache.bytes == 3 * ENTRY + 1000
    one, two = cache.get("alice", V1), cache.get("bob", V1)
    assert one is two
    cache.put("alice", V1, b"y")
    assert cache.get("bob", V1) == b"x" * 1000
    assert cache.get("alice", V1) == b"y"
    assert cache.bytes == 3 * ENTRY + 1001


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache = FileCache(10 * (ENTRY + 500))
    for number in range(10):
        cache.put("alice", (number,), b"%03d" % number + b"x" * 497)
    assert cache.get("alice", (0,)) is not None
    cache.put("alice", (10,), b"y" * 500)
    assert cache.get("alice", (1,)) is None
    assert cache.get("alice", (0,)) is not None
    assert len(cache) == 10


def test_a_content_too_large_or_many_empty_ones_cannot_fill_it() -> None:
    cache = FileCache(200_000)
    cache.put("alice", V1, b"x" * (200_000 // LARGEST_SHARE))
    assert (cache.get("alice", V1), cache.bytes) == (None, 0)
    for number in range(10_000):
        cache.put("alice", (number,), b"")
    assert len(cache) <= 200_000 // ENTRY
    FileCache(0).put("alice", V1, b"")


def test_it_takes_no_more_memory_than_it_counts() -> None:
    cache = FileCache(1 << 30)
    tracemalloc.start()
    try:
        for number in range(2000):
            identity = tuple(int(f"{number}{field}{field:015d}") for field in range(5))
            cache.put("u" * 100 + str(number), identity, str(number).encode() * 10)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cache.bytes // 2 < taken < cache.bytes


Step = tuple[bool, str, int, bytes]
steps = st.lists(
    st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(0, 5), st.binary(max_size=900)), max_size=60
)


@given(steps)
def test_whatever_is_found_is_what_was_put_and_the_count_is_true(steps: list[Step]) -> None:
    cache, put = FileCache(12_000), dict[tuple[str, int], bytes]()
    for is_put, owner, number, content in steps:
        if is_put:
            cache.put(owner, (number,), content)
            if len(content) + ENTRY <= 12_000 // LARGEST_SHARE:
                put[owner, number] = content
        else:
            assert cache.get(owner, (number,)) in (None, put.get((owner, number)))
        found = {(o, n): cache.get(o, (n,)) for o in "ab" for n in range(6)}
        kept = {key: content for key, content in found.items() if content is not None}
        assert cache.bytes == len(kept) * ENTRY + sum(map(len, set(kept.values()))) <= cache.limit


def test_threads_may_use_it_at_once() -> None:
    cache = FileCache(50_000)

    def use(thread: int) -> None:
        for number in range(3000):
            content = b"%d" % (number % 97) * 50
            cache.put(f"u{thread % 3}", (number % 97,), content)
            assert cache.get(f"u{thread % 3}", (number % 97,)) in (None, content)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert 0 < cache.bytes <= cache.limit


@pytest.mark.anyio
async def test_a_file_that_two_users_link_to_is_read_by_each_for_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FileCache(1 << 20)
    monkeypatch.setattr("sessions.files.time.time_ns", lambda: 1 << 62)
    for uid in ("alice", "bob"):
        root = await anyio.to_thread.run_sync(Root, tmp_path / uid / "root")
        files = Files(root, uid, cache=cache)
        await files.write("/workspace/f", b"same")
        assert await files.read("/workspace/f") == b"same"
        assert await files.read("/workspace/f") == b"same"
    assert len(cache) == 2
    assert cache.bytes == 2 * ENTRY + 4
