"""What git says of a repository, read: every kind of record, names of any bytes, and more than there is room for."""

from __future__ import annotations

import pytest

from extensions.git.status import GONE, LOOKS, Change, Head, Status, parse

OID = "1" * 40


def ordinary(state: str, path: str) -> str:
    return f"1 {state} N... 100644 100644 100644 {OID} {OID} {path}"


def said(*records: str) -> bytes:
    return b"".join(one.encode("utf-8", "surrogateescape") + b"\0" for one in records)


def test_the_head_is_a_branch_with_what_it_is_ahead_and_behind() -> None:
    lines = ("# branch.oid " + OID, "# branch.head main", "# branch.upstream origin/main", "# branch.ab +2 -3")
    assert parse(said(*lines), most=10).head == Head(OID, "main", "origin/main", 2, 3)


def test_before_the_first_commit_and_away_from_branches_there_is_no_name() -> None:
    assert parse(said("# branch.oid (initial)", "# branch.head main"), most=10).head == Head(None, "main")
    assert parse(said("# branch.oid " + OID, "# branch.head (detached)"), most=10).head == Head(OID, None)


@pytest.mark.parametrize(
    ("state", "index", "tree"),
    [
        ("M.", [Status.INDEX_MODIFIED], []),
        (".M", [], [Status.MODIFIED]),
        ("MM", [Status.INDEX_MODIFIED], [Status.MODIFIED]),
        ("A.", [Status.INDEX_ADDED], []),
        ("AD", [Status.INDEX_ADDED], [Status.DELETED]),
        ("D.", [Status.INDEX_DELETED], []),
        (".D", [], [Status.DELETED]),
        (".A", [], [Status.INTENT_TO_ADD]),
        (".T", [], [Status.TYPE_CHANGED]),
    ],
)
def test_a_file_stands_in_the_groups_of_its_two_letters(state: str, index: list[Status], tree: list[Status]) -> None:
    found = parse(said(ordinary(state, "a b.py")), most=10)
    assert [(one.path, one.status) for one in found.index] == [("a b.py", one) for one in index]
    assert [(one.path, one.status) for one in found.working_tree] == [("a b.py", one) for one in tree]


def test_a_rename_has_both_names_and_the_next_record_is_its_own() -> None:
    rename = f"2 R. N... 100644 100644 100644 {OID} {OID} R100 new name.py"
    found = parse(said(rename, "old name.py", ordinary(".M", "other.py")), most=10)
    assert found.index == (Change("new name.py", Status.INDEX_RENAMED, "old name.py"),)
    assert found.working_tree == (Change("other.py", Status.MODIFIED),)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("UU", Status.BOTH_MODIFIED), ("AA", Status.BOTH_ADDED), ("DD", Status.BOTH_DELETED),
        ("AU", Status.ADDED_BY_US), ("UA", Status.ADDED_BY_THEM), ("DU", Status.DELETED_BY_US),
        ("UD", Status.DELETED_BY_THEM),
    ],
)  # fmt: skip
def test_a_conflict_is_for_merging(state: str, status: Status) -> None:
    record = f"u {state} N... 100644 100644 100644 100644 {OID} {OID} {OID} src/a b.py"
    assert parse(said(record), most=10).merge == (Change("src/a b.py", status),)


@pytest.mark.parametrize("name", ["a\nb", " leading", "-rf", "ü", "1 M. fake", "# branch.head evil"])
def test_any_name_is_a_name(name: str) -> None:
    found = parse(said("# branch.head main", f"? {name}"), most=10)
    assert (found.untracked, found.head.name) == ((Change(name, Status.UNTRACKED),), "main")


def test_ignored_folders_are_known_and_count_for_nothing() -> None:
    found = parse(said("! node_modules/", "! a.log", "? b"), most=1)
    assert (found.ignored, found.untracked, found.too_many) == (
        ("node_modules",),
        (Change("b", Status.UNTRACKED),),
        False,
    )


def test_more_than_there_is_room_for_is_left_out_and_said() -> None:
    found = parse(said(*(f"? {number}" for number in range(20))), most=5)
    assert (len(found.untracked), found.too_many) == (5, True)


def test_an_output_without_its_end_loses_the_last_record_only() -> None:
    found = parse(said("? a", "? b") + b"? half a na", most=10, cut=True)
    assert ([one.path for one in found.untracked], found.too_many) == (["a", "b"], True)


def test_what_a_newer_git_says_is_not_shown() -> None:
    assert parse(said("9 what", "1 short", ordinary(".M", "a")), most=10).working_tree == (
        Change("a", Status.MODIFIED),
    )


def test_every_state_has_a_look_and_what_is_gone_is_known() -> None:
    assert set(LOOKS) == set(Status)
    assert {one for one in Status if "DELETED" in one.name} == GONE
