"""Cloning: what may be cloned, where to, and how far it is as git tells."""

from __future__ import annotations

import pytest

from extensions.git.cloning import Progress, checked, folder_of


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/some/project.git", "project"),
        ("https://example.org/some/project/", "project"),
        ("git@example.org:some/project.git", "project"),
        ("git@example.org:project", "project"),
        ("/workspace/origin.git", "origin"),
        ("file:///workspace/shop/.git", "shop"),
        ("ssh://git@example.org:2222/a/b.c.git", "b.c"),
    ],
)
def test_the_folder_is_the_last_name_of_the_address(url: str, name: str) -> None:
    assert folder_of(checked(url)) == name


@pytest.mark.parametrize(
    "url", ["", " ", "--upload-pack=x", "ext::sh -c id", "ext::sh", "a b", "a\0b", "fd::17", "x" * 3_000]
)
def test_what_is_no_address_is_refused_with_the_rule(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: "):
        checked(url)


@pytest.mark.parametrize("url", ["/", "https://example.org/..", ".git", "https://example.org/-x"])
def test_an_address_without_a_name_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: "):
        folder_of(url)


def test_progress_grows_from_part_to_part_and_never_goes_back() -> None:
    progress, seen = Progress(), [0.0]
    for line in (
        b"remote: Counting objects:  50% (5/10)\r",
        b"remote: Compressing objects: 100% (10/10), done.\n",
        b"Receiving objects:  10% (1/10)\rReceiving objects:  60% (6/10), 1.20 MiB | 2.00 MiB/s\r",
        b"Resolving deltas:  50% (1/2)\r",
        b"Receiving objects:  70% (7/10)\r",
        b"Updating files: 100% (3/3), done.\n",
    ):
        assert progress.read(line) is not None
        seen.append(progress.percent)
    assert seen == sorted(seen)
    assert (seen[3], seen[-1]) == (52.0, 100.0)


def test_a_line_in_pieces_is_read_when_it_is_whole() -> None:
    progress = Progress()
    assert progress.read(b"Receiving obj") is None
    assert progress.read(b"ects:  50% (5/10), 1.20 MiB | 2.00 MiB/s\r") == (
        "Receiving objects: 50% (5/10), 1.20 MiB at 2.00 MiB/s"
    )


def test_words_of_the_server_are_no_progress() -> None:
    assert Progress().read(b"remote: Welcome!\nCloning into 'x'...\n") is None
