"""What is kept and shown of a command's output: bounded, both ends, legible, and live in whole lines."""

from __future__ import annotations

import pytest

from extensions.coder.kept import HEAD_BYTES, LIVE_AT_ONCE, TAIL_BYTES, Kept, Live, legible


def kept(*pieces: bytes) -> Kept:
    made = Kept()
    for piece in pieces:
        made.add(piece)
    return made


def test_a_short_output_is_given_whole() -> None:
    assert kept(b"one\n", b"two\n").preview(5000).text() == "one\ntwo\n"


def test_of_a_long_one_the_first_and_the_last_half_are_given_and_the_rest_counted() -> None:
    lines = b"".join(b"%05d\n" % number for number in range(10_000))
    shown = kept(*(lines[at : at + 4096] for at in range(0, len(lines), 4096))).preview(6000).text()
    assert shown.startswith("00000\n00001\n") and shown.endswith("09998\n09999\n")
    assert "\n[...54000 bytes omitted...]\n" in shown
    assert len(shown) < 6100


@pytest.mark.parametrize("most", range(100, 112))
@pytest.mark.parametrize("word", ["ü", "語", "🦊", "aü", "a語", "ab🦊"])
def test_no_character_is_cut_in_two_where_something_is_left_out(word: str, most: int) -> None:
    data = (word * 500).encode()
    preview = kept(data).preview(most)
    assert "\ufffd" not in preview.text()
    assert len(preview.head) + preview.omitted + len(preview.tail) == len(data)
    assert most - 8 < len(preview.head) + len(preview.tail) <= most
    newest, left_out = kept(data).since(3, most)
    assert "\ufffd" not in newest.decode() and len(newest) + left_out == len(data) - 3


def test_of_bytes_that_are_no_text_as_many_are_given_as_of_text() -> None:
    preview = kept(bytes(range(128, 256)) * 50).preview(200)
    assert 190 < len(preview.head) + len(preview.tail) <= 200


def test_a_flood_is_held_within_bounds() -> None:
    made = Kept()
    for _ in range(1000):
        made.add(b"y\n" * 32768)
    assert made.total == 65_536_000
    assert len(made._head) + len(made._tail) <= HEAD_BYTES + 2 * TAIL_BYTES + 65536


def test_what_came_since_is_told_with_what_is_missing_of_it() -> None:
    made = kept(b"old\n")
    at = made.total
    made.add(b"x" * 1000)
    assert made.since(at, 5000) == (b"x" * 1000, 0)
    assert made.since(at, 10) == (b"x" * 10, 990)
    assert made.since(made.total, 10) == (b"", 0)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"10%\r20%\r100%\ndone\n", "100%\ndone\n"),
        (b"\x1b[31mred\x1b[0m\n", "red\n"),
        ("grün\n".encode(), "grün\n"),
        (b"ab\xffcd\n", "ab\ufffdcd\n"),
        (b"a\0b\n", "a\ufffdb\n"),
        (b"x\n" + bytes(range(128, 160)) * 100 + b"\ny\n", "x\n[3200 characters that are no text]\ny\n"),
        (b"progress\r\x00" + b"x", "progress\ufffd\ufffdx"),
        (b"\x7fELF" + b"\0" * 100, "\ufffdELF[100 characters that are no text]"),
    ],
)
def test_output_is_read_as_it_looked_in_the_end(data: bytes, shown: str) -> None:
    assert legible(data) == shown


def test_repeated_lines_are_a_number() -> None:
    assert legible(b"same old line\n" * 500).count("\n") == 2


def test_live_output_comes_in_whole_lines_and_an_unfinished_one_when_asked() -> None:
    live = Live()
    live.add(b"a\nb\nhal")
    assert live.take() == "a\nb\n"
    assert live.take() == ""
    live.add("f ü".encode()[:-1])
    assert live.take(whole=True) == "half "
    live.add("ü\n".encode()[1:])
    assert live.take() == "ü\n"


def test_a_progress_bar_is_shown_once_as_it_ended() -> None:
    live = Live()
    for number in range(101):
        live.add(b"\r%d%%" % number)
        assert live.take() == ""
    live.add(b"\n")
    assert live.take() == "100%\n"


def test_of_a_live_flood_the_newest_is_shown_and_the_rest_counted() -> None:
    live, shown = Live(), []
    for turn in range(100):
        for number in range(1000):
            live.add(b"line %d of turn %d\n" % (number, turn))
        shown.append(live.take())
    assert all("are not shown here" in text for text in shown)
    assert all(text.endswith(f"line 999 of turn {turn}\n") for turn, text in enumerate(shown))
    assert max(map(len, shown)) < LIVE_AT_ONCE + 100
    assert len(shown[-1]) < 2100
