"""A user's files behave as `workspace.fs` says, whether the kernel has openat2 or not."""

from __future__ import annotations

import gc
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sessions import root as module
from sessions.descriptors import FILE, FOLDER
from sessions.errors import InvalidValue, SessionClosed
from sessions.openat2 import Resolve
from sessions.paths import Refusal
from sessions.root import Root
from sessions.trees import Descent
from tests.sessions.roots import Ledger, OverQuota, folder, left_over, refused, resolve, root

__all__ = ["folder", "resolve", "root"]

BIG = 1 << 20
HIDDEN = ".roost-0123456789abcdef.tmp"


# ---- reading and writing


def test_what_is_written_is_read_and_parents_are_made(root: Root, folder: Path) -> None:
    root.write("/workspace/a/b/c.txt", b"hello")
    assert root.read("/workspace/a/b/c.txt", BIG) == b"hello"
    assert (folder / "workspace/a/b/c.txt").read_bytes() == b"hello"
    assert left_over(folder) == []


def test_an_opened_file_is_a_descriptor_of_its_bytes(root: Root) -> None:
    root.write("/workspace/a", b"hello")
    fd = root.open("/workspace/a")
    try:
        assert os.read(fd, 10) == b"hello"
        assert not os.get_inheritable(fd)
    finally:
        os.close(fd)


def test_a_file_too_big_is_refused_with_its_size(root: Root) -> None:
    root.write("/workspace/big", b"x" * 101)
    assert len(root.read("/workspace/big", 101)) == 101
    with refused("Unavailable") as caught:
        root.read("/workspace/big", 100)
    assert caught.value.data == {"size": 101}


def test_a_file_that_grows_while_it_is_read_stays_within_the_limit() -> None:
    single = Root(None)
    content = single.read("/proc/self/status", BIG)  # procfs tells a size of 0
    assert content.startswith(b"Name:")
    with refused("Unavailable"):
        single.read("/proc/self/status", 10)


def test_writing_keeps_the_mode_but_never_setuid(root: Root, folder: Path) -> None:
    root.write("/workspace/run", b"1")
    assert stat.S_IMODE((folder / "workspace/run").stat().st_mode) & 0o111 == 0
    (folder / "workspace/run").chmod(0o4755)
    root.write("/workspace/run", b"2")
    assert stat.S_IMODE((folder / "workspace/run").stat().st_mode) == 0o755
    (folder / "workspace/run").chmod(0o6755)
    root.copy("/workspace/run", "/workspace/again")
    assert stat.S_IMODE((folder / "workspace/again").stat().st_mode) == 0o755


def test_writing_through_a_link_replaces_its_target_and_keeps_the_link(root: Root, folder: Path) -> None:
    root.write("/workspace/deep/file", b"old")
    (folder / "workspace/relative").symlink_to("deep/file")
    (folder / "workspace/absolute").symlink_to("/workspace/deep/file")
    (folder / "workspace/chain").symlink_to("./deep/../absolute")
    for number, link in enumerate(("relative", "absolute", "chain")):
        root.write(f"/workspace/{link}", b"%d" % number)
        assert root.read("/workspace/deep/file", BIG) == b"%d" % number
        assert (folder / "workspace" / link).is_symlink()


def test_writing_through_a_dangling_link_makes_its_target_but_no_parents(root: Root, folder: Path) -> None:
    (folder / "workspace/link").symlink_to("/home/new")
    (folder / "workspace/far").symlink_to("/home/not/there")
    root.write("/workspace/link", b"x")
    assert (folder / "home/new").read_bytes() == b"x"
    with refused("FileNotFound"):
        root.write("/workspace/far", b"x")
    assert not (folder / "home/not").exists()


def test_without_overwrite_or_create_nothing_changes(root: Root) -> None:
    with refused("FileNotFound"):
        root.write("/workspace/a", b"1", create=False)
    with refused("FileNotFound"):
        root.write("/workspace/no/a", b"1", create=False)
    assert root.read_directory("/workspace") == []
    root.write("/workspace/a", b"1", overwrite=False)
    with refused("FileExists"):
        root.write("/workspace/a", b"2", overwrite=False)
    root.write("/workspace/a", b"3", create=False)
    assert root.read("/workspace/a", BIG) == b"3"


def test_an_exclusive_write_never_replaces_what_came_meanwhile(root: Root) -> None:
    with refused("FileExists"), root.replace("/workspace/a", overwrite=False) as file:
        file.write(b"mine")
        root.write("/workspace/a", b"theirs")
    assert root.read("/workspace/a", BIG) == b"theirs"


def test_a_directory_cannot_be_read_or_written_as_a_file(root: Root) -> None:
    root.create_directory("/workspace/d")
    for path in ("/workspace/d", "/workspace/d/", "/workspace/d/.", "/workspace", "/"):
        with refused("FileIsADirectory"):
            root.read(path, BIG)
        with refused("FileIsADirectory"):
            root.write(path, b"")


def test_a_file_as_a_parent_is_told_apart_from_nothing(root: Root) -> None:
    root.write("/workspace/f", b"")
    for path in ("/workspace/f/x", "/workspace/f/", "/workspace/f/x/y"):
        with refused("FileNotADirectory"):
            root.read(path, BIG)
    with refused("FileNotADirectory"):
        root.write("/workspace/f/x", b"")
    with refused("FileNotADirectory"):
        root.read_directory("/workspace/f")
    with refused("FileNotFound"):
        root.read("/workspace/g/x", BIG)
    with refused("FileIsADirectory"):
        root.write("/workspace/new/", b"")


def test_a_read_only_file_says_so_and_is_not_written(root: Root, folder: Path) -> None:
    root.write("/workspace/a", b"1")
    assert root.stat("/workspace/a").permissions is None
    (folder / "workspace/a").chmod(0o444)
    assert root.stat("/workspace/a").permissions == 1
    with refused("NoPermissions"):
        root.write("/workspace/a", b"2")
    assert root.read("/workspace/a", BIG) == b"1"


def test_a_streamed_file_appears_whole_or_not_at_all(root: Root, folder: Path) -> None:
    root.write("/workspace/a", b"old")
    with pytest.raises(ZeroDivisionError), root.replace("/workspace/a") as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert root.read("/workspace/a", BIG) == b"old"
    assert left_over(folder) == []
    with root.replace("/workspace/a") as file:
        file.write(b"new ")
        file.write(b"content")
        assert root.read("/workspace/a", BIG) == b"old"
        assert root.read_directory("/workspace") == [("a", 1)]
        assert root.usage("/workspace") == (14, 1)
    assert root.read("/workspace/a", BIG) == b"new content"
    with refused("Unavailable"):
        file.write(b"late")


def test_a_forgotten_writer_leaves_nothing(root: Root, folder: Path) -> None:
    ledger = Ledger()
    writer = root.replace("/workspace/a", meter=ledger)
    writer.write(b"12345")
    assert (ledger.bytes, ledger.files) == (5, 1)
    del writer
    assert left_over(folder) == []
    assert (ledger.bytes, ledger.files) == (0, 0)


# ---- stat and listing


def test_a_log_grows_at_its_end_and_is_its_owners_alone(root: Root, folder: Path) -> None:
    root.append("/home/logs/a", b"one ")
    root.append("/home/logs/a", b"two")
    assert root.read("/home/logs/a", 100) == b"one two"
    assert (folder / "home" / "logs" / "a").stat().st_mode & 0o777 == 0o600


def test_a_log_that_a_link_leads_elsewhere_stays_in_the_users_world(root: Root, folder: Path) -> None:
    (folder / "workspace" / "log").symlink_to("/../../../../etc/roost-log")
    with refused("FileNotFound"):
        root.append("/workspace/log", b"x")
    os.mkfifo(folder / "workspace" / "pipe")
    with refused("NoPermissions"):
        root.append("/workspace/pipe", b"x")


def test_stat_tells_what_an_entry_is_and_what_a_link_means(root: Root, folder: Path) -> None:
    root.write("/workspace/f", b"four")
    place = folder / "workspace"
    (place / "file").symlink_to("f")
    (place / "dir").symlink_to("/home")
    (place / "python").symlink_to("/usr/bin/python3")
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "fifo")
    expected = {"f": 1, "file": 65, "dir": 66, "python": 64, "loop": 64, "fifo": 0}
    assert {name: root.stat(f"/workspace/{name}").type for name in expected} == expected
    assert dict(root.read_directory("/workspace")) == expected
    assert root.stat("/workspace/file").size == 4
    with refused("FileNotFound"):
        root.read("/workspace/python", BIG)
    with refused("NoPermissions"):
        root.read("/workspace/loop", BIG)
    with refused("NoPermissions"):
        root.write("/workspace/loop", b"")


def test_times_are_milliseconds(root: Root, folder: Path) -> None:
    root.write("/workspace/f", b"")
    os.utime(folder / "workspace/f", ns=(0, 1_234_567_890_123_456_789))
    state = root.stat("/workspace/f")
    assert (state.mtime, state.ctime) == (1_234_567_890_123, 1_234_567_890_123)
    assert (state.size, state.type) == (0, 1)


def test_names_that_are_no_utf8_can_be_listed(root: Root, folder: Path) -> None:
    os.close(os.open(os.fsencode(folder / "workspace") + b"/\xff\xfe", os.O_CREAT))
    root.write("/workspace/ünï", b"x")
    listing = root.read_directory("/workspace")
    assert sorted(listing) == sorted([("ünï", 1), ("\ufffd\ufffd", 1)])
    assert root.read("/workspace/ünï", BIG) == b"x"
    assert ("/workspace/\ufffd\ufffd", 1) in list(root.walk("/workspace"))
    assert root.read(os.fsdecode(b"/workspace/\xff\xfe"), BIG) == b""


def test_names_are_taken_byte_for_byte(root: Root) -> None:
    composed, decomposed = "/workspace/\u00e9", "/workspace/e\u0301"
    for path in (
        composed,
        decomposed,
        "/workspace/a\nb",
        "/workspace/ ",
        "/workspace/~",
        "/workspace/*",
        "/workspace/%41",
    ):
        root.write(path, path.encode())
    assert len(root.read_directory("/workspace")) == 7
    assert root.read(decomposed, BIG) == decomposed.encode()


def test_walking_goes_everywhere_but_where_it_is_not_wanted(root: Root, folder: Path) -> None:
    for path in ("a/1", "a/b/2", "node_modules/x/3", "4"):
        root.write(f"/workspace/{path}", b"")
    (folder / "workspace/up").symlink_to("..")
    found = dict(root.walk("/workspace/", lambda path: not path.endswith("/node_modules")))
    assert found == {
        "/workspace/a": 2, "/workspace/a/1": 1, "/workspace/a/b": 2, "/workspace/a/b/2": 1, "/workspace/4": 1,
        "/workspace/up": 64,
    }  # fmt: skip


# ---- directories


def test_a_directory_is_made_with_its_parents_and_may_be_there(root: Root, folder: Path) -> None:
    for _ in range(2):
        root.create_directory("/workspace/a/b//c/")
    assert (folder / "workspace/a/b/c").is_dir()
    root.write("/workspace/f", b"")
    (folder / "workspace/dangling").symlink_to("nothing")
    for path in ("/workspace/f", "/workspace/f/", "/workspace/dangling"):
        with refused("FileExists"):
            root.create_directory(path)
    with refused("FileNotADirectory"):
        root.create_directory("/workspace/f/x")
    root.create_directory("/")
    with refused("FileNotFound"):
        root.create_directory("/workspace/new/../other")
    assert not (folder / "workspace/new").exists()


def test_the_root_holds_its_three_folders_and_cannot_be_changed(root: Root, folder: Path) -> None:
    assert root.read_directory("/") == [("home", 2), ("tmp", 2), ("workspace", 2)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())} == {0o700}
    root.write("/workspace/f", b"")
    (folder / "workspace/top").symlink_to("/top")
    changes = [
        lambda: root.write("/f", b""),
        lambda: root.write("/workspace/../f", b""),
        lambda: root.write("/workspace/top", b""),
        lambda: root.write("/new/f", b""),
        lambda: root.create_directory("/new"),
        lambda: root.create_directory("/workspace/../new/deep"),
        lambda: root.delete("/workspace", recursive=True),
        lambda: root.delete("/workspace/../home", recursive=True),
        lambda: root.delete("/tmp", recursive=True, use_trash=True),
        lambda: root.rename("/workspace", "/work"),
        lambda: root.rename("/home", "/workspace/home"),
        lambda: root.rename("/workspace/f", "/home", overwrite=True),
        lambda: root.rename("/workspace/f", "/f"),
        lambda: root.copy("/workspace/f", "/f"),
        lambda: root.copy("/workspace", "/tmp", overwrite=True),
    ]
    for change in changes:
        with refused("NoPermissions"):
            change()
    assert sorted(path.name for path in folder.iterdir()) == ["home", "tmp", "workspace"]
    assert root.read("/workspace/f", BIG) == b""


def test_reopening_a_root_changes_nothing(root: Root, folder: Path, resolve: Resolve) -> None:
    root.write("/workspace/f", b"1")
    (folder / "home").chmod(0o750)
    assert Root(folder, resolve=resolve).read("/workspace/f", BIG) == b"1"
    assert stat.S_IMODE((folder / "home").stat().st_mode) == 0o750


# ---- delete


def test_deleting_removes_the_entry_and_never_what_a_link_points_to(root: Root, folder: Path) -> None:
    root.write("/home/keep/f", b"1")
    place = folder / "workspace/d"
    root.create_directory("/workspace/d")
    (place / "dir").symlink_to("/home/keep")
    (place / "up").symlink_to("../../home")
    os.mkfifo(place / "fifo")
    root.delete("/workspace/d/dir")
    assert not (place / "dir").is_symlink()
    root.delete("/workspace/d", recursive=True)
    assert not place.exists()
    assert root.read("/home/keep/f", BIG) == b"1"
    with refused("FileNotFound"):
        root.delete("/workspace/d")


def test_a_directory_with_something_in_it_needs_recursive(root: Root) -> None:
    root.write("/workspace/d/f", b"")
    for use_trash in (False, True):
        with refused("Unavailable"):
            root.delete("/workspace/d", use_trash=use_trash)
    root.delete("/workspace/d/f")
    root.delete("/workspace/d/")


def test_a_slash_behind_a_file_or_a_link_is_refused(root: Root, folder: Path) -> None:
    root.write("/workspace/f", b"")
    (folder / "workspace/link").symlink_to("/home")
    for path in ("/workspace/f/", "/workspace/link/"):
        with refused("FileNotADirectory"):
            root.delete(path, recursive=True)
        with refused("FileNotADirectory"):
            root.rename(path, "/workspace/g")
    for work in (root.rename, root.copy):
        with refused("FileNotADirectory"):
            work("/workspace/f", "/workspace/new/")


@pytest.mark.parametrize("path", ["/", "//", "/.", "/..", "/workspace/.", "/workspace/..", "/workspace/../.."])
def test_what_is_changed_must_have_a_name_of_its_own(root: Root, path: str) -> None:
    with pytest.raises(InvalidValue):
        root.delete(path, recursive=True)
    with pytest.raises(InvalidValue):
        root.rename(path, "/workspace/x")
    with pytest.raises(InvalidValue):
        root.copy("/workspace", path)


def test_the_trash_keeps_what_is_deleted_with_a_note(root: Root, folder: Path) -> None:
    trash = folder / "home/.local/share/Trash"
    for content in (b"1", b"2"):
        root.write("/workspace/a b", content)
        root.delete("/workspace/a b", use_trash=True)
        assert content in [root.read(one.path, 9) for one in root.read_trash()]
    root.write("/workspace/dir/f", b"3")
    root.delete("/workspace/dir", use_trash=True, recursive=True)
    assert sorted(path.read_bytes() for path in trash.glob("files/a b*")) == [b"1", b"2"]
    assert (trash / "files/dir/f").read_bytes() == b"3"
    notes = [path.read_text().splitlines() for path in trash.glob("info/a b*.trashinfo")]
    assert [note[:2] for note in notes] == [["[Trash Info]", "Path=/workspace/a%20b"]] * 2
    assert all(note[2].startswith("DeletionDate=20") for note in notes)
    for path in trash.glob("files/*"):
        assert (trash / "info" / f"{path.name}.trashinfo").is_file()
    with refused("Unavailable"):
        root.delete("/home/.local", use_trash=True, recursive=True)
    root.write("/workspace/" + "n" * 255, b"")
    root.delete("/workspace/" + "n" * 255, use_trash=True)
    assert root.read_directory("/workspace") == []


def test_what_is_in_the_trash_is_told_the_last_first_and_can_be_moved_back(root: Root, folder: Path) -> None:
    assert root.read_trash() == []
    root.write("/workspace/d/ü 100%\n.txt", b"1")
    root.write("/workspace/a.txt", b"2")
    for at, path in enumerate(("/workspace/d", "/workspace/a.txt")):
        root.delete(path, use_trash=True, recursive=True)
        os.utime(folder / f"home/.local/share/Trash/info/{path[11:]}.trashinfo", (at, at))
    last, first = root.read_trash()
    assert (first.was, first.type, first.deleted) == ("/workspace/d", FOLDER, 0)
    assert (last.path, last.was, last.type) == ("/home/.local/share/Trash/files/a.txt", "/workspace/a.txt", FILE)
    assert last.deleted == 1_000
    root.rename(last.path, last.was)
    assert root.read("/workspace/a.txt", 9) == b"2"
    assert root.read_trash() == [first]


def test_notes_in_the_trash_that_say_nothing_of_use_are_left_out(root: Root, folder: Path) -> None:
    root.write("/home/.local/share/Trash/files/x", b"1")
    info = folder / "home/.local/share/Trash/info"
    assert root.read_trash() == []
    info.mkdir()
    notes = {"x": "Path=%ff", "y": "Path=/workspace/y", "z": "nothing", "x.": f"Path=/{'n' * 20_000}", "x..": "Path=x"}
    for name, text in notes.items():
        (info / f"{name}.trashinfo").write_text(f"[Trash Info]\n{text}\n")
    for name in ("z", "x.", "x.."):
        (folder / f"home/.local/share/Trash/files/{name}").write_text("1")
    os.mkfifo(info / "f.trashinfo")
    (info / "s.trashinfo").symlink_to("y.trashinfo")
    (info / "d.trashinfo").mkdir()
    assert root.read_trash() == []
    (info / "x.trashinfo").write_text("Path=/workspace/x")
    assert [one.was for one in root.read_trash()] == ["/workspace/x"]


# ---- rename and copy


def test_renaming_moves_the_entry_and_makes_parents(root: Root, folder: Path) -> None:
    root.write("/workspace/a/f", b"1")
    (folder / "workspace/link").symlink_to("a/f")
    root.rename("/workspace/a", "/home/x/y")
    root.rename("/workspace/link", "/home/link")
    assert root.read("/home/x/y/f", BIG) == b"1"
    assert os.readlink(folder / "home/link") == "a/f"
    assert root.read_directory("/workspace") == []
    with refused("FileNotFound"):
        root.rename("/workspace/gone", "/workspace/p/q")
    assert root.read_directory("/workspace") == []


def test_renaming_replaces_only_when_it_may(root: Root) -> None:
    for path, content in (
        ("/workspace/a", b"a"),
        ("/workspace/b", b"b"),
        ("/workspace/d/f", b"f"),
        ("/workspace/e/g", b"g"),
    ):
        root.write(path, content)
    for source, target in (("a", "b"), ("d", "e"), ("a", "d"), ("d", "a")):
        with refused("FileExists"):
            root.rename(f"/workspace/{source}", f"/workspace/{target}")
    root.rename("/workspace/a", "/workspace/b", overwrite=True)
    assert root.read("/workspace/b", BIG) == b"a"
    root.rename("/workspace/d", "/workspace/e", overwrite=True)
    assert root.read_directory("/workspace/e") == [("f", 1)]
    root.rename("/workspace/b", "/workspace/e", overwrite=True)
    assert root.read("/workspace/e", BIG) == b"a"
    root.write("/workspace/d/f", b"f")
    root.rename("/workspace/d", "/workspace/e", overwrite=True)
    assert root.read_directory("/workspace") == [("e", 2)]


def test_an_entry_renamed_or_copied_to_itself_stays(root: Root, folder: Path) -> None:
    root.write("/workspace/d/f", b"1")
    (folder / "workspace/link").symlink_to("d")
    for work in (root.rename, root.copy):
        for target in ("/workspace/d/f", "/workspace//d/./f", "/workspace/link/f"):
            work("/workspace/d/f", target)
            work("/workspace/d/f", target, overwrite=True)
    assert root.read("/workspace/d/f", BIG) == b"1"


def test_two_names_of_one_file_become_one_by_renaming(root: Root, folder: Path) -> None:
    root.write("/workspace/a", b"1")
    os.link(folder / "workspace/a", folder / "workspace/b")
    root.rename("/workspace/a", "/workspace/b", overwrite=True)
    assert root.read_directory("/workspace") == [("b", 1)]


def test_nothing_goes_into_itself_or_over_what_it_is_in(root: Root, folder: Path) -> None:
    root.write("/workspace/a/b/c", b"1")
    (folder / "home/link").symlink_to("/workspace/a/b")
    for work in (root.rename, root.copy):
        for target in ("/workspace/a/b/x", "/workspace/a/new/x", "/home/link/x"):
            with refused("Unavailable"):
                work("/workspace/a", target)
        for target in ("/workspace/a", "/workspace/a/b"):
            with refused("Unavailable"):
                work("/workspace/a/b/c", target, overwrite=True)
    with refused("Unavailable"):
        root.copy("/workspace", "/workspace/copy")
    assert root.read("/workspace/a/b/c", BIG) == b"1"


def test_copying_takes_everything_but_shares_nothing(root: Root, folder: Path) -> None:
    place = folder / "workspace/src"
    root.write("/workspace/src/sub/f", b"1")
    root.write("/workspace/src/run", b"2")
    (place / "run").chmod(0o750)
    (place / "sub").chmod(0o555)
    (place / "link").symlink_to("/home")
    os.link(place / "run", place / "hard")
    root.copy("/workspace/src", "/home/p/dst")
    copied = folder / "home/p/dst"
    assert (copied / "sub/f").read_bytes() == b"1"
    assert os.readlink(copied / "link") == "/home"
    assert stat.S_IMODE((copied / "run").stat().st_mode) == 0o750
    assert stat.S_IMODE((copied / "sub").stat().st_mode) == 0o555
    assert {(copied / name).stat().st_nlink for name in ("run", "hard")} == {1}
    root.copy("/workspace/src/link", "/home/link")
    root.copy("/workspace/src/run", "/home/run")
    assert os.readlink(folder / "home/link") == "/home"
    assert root.read("/home/run", BIG) == b"2"
    assert left_over(folder) == []


def test_copying_replaces_only_when_it_may(root: Root, folder: Path) -> None:
    root.write("/workspace/a", b"a")
    root.write("/workspace/d/f", b"f")
    (folder / "workspace/link").symlink_to("a")
    for source in ("a", "d", "link"):
        for target in ("a", "d", "link"):
            if source != target:
                with refused("FileExists"):
                    root.copy(f"/workspace/{source}", f"/workspace/{target}")
    root.copy("/workspace/a", "/workspace/link", overwrite=True)
    assert not (folder / "workspace/link").is_symlink()
    root.copy("/workspace/a", "/workspace/d", overwrite=True)
    assert root.read("/workspace/d", BIG) == b"a"
    with refused("FileNotFound"):
        root.copy("/workspace/gone", "/workspace/d", overwrite=True)
    assert root.read("/workspace/d", BIG) == b"a"


def test_a_copy_with_something_special_in_it_changes_nothing(root: Root, folder: Path) -> None:
    root.write("/workspace/src/f", b"")
    root.write("/workspace/dst", b"old")
    os.mkfifo(folder / "workspace/src/fifo")
    for source in ("/workspace/src", "/workspace/src/fifo"):
        with refused("NoPermissions"):
            root.copy(source, "/workspace/dst", overwrite=True)
    assert root.read("/workspace/dst", BIG) == b"old"
    assert left_over(folder) == []


def test_what_grows_is_copied_no_further_than_it_was_counted(tmp_path: Path, resolve: Resolve) -> None:
    single = Root(None, resolve=resolve)
    with refused("Unavailable"):
        single.copy("/proc/self/status", f"{tmp_path}/copy")  # procfs tells a size of 0, and then it has more
    assert os.listdir(tmp_path) == []


# ---- the odd, the deep and the full


def test_a_directory_that_is_moved_away_ends_the_work_in_it(tmp_path: Path) -> None:
    """Else going up from it would lead higher than the work began, in the end out of the root."""
    (tmp_path / "root/d/e").mkdir(parents=True)
    top = os.open(tmp_path / "root", os.O_RDONLY)
    with Descent(top) as at:
        at.down(b"d")
        at.down(b"e")
        (tmp_path / "root/d/e").rename(tmp_path / "root/e")
        with pytest.raises(Refusal):
            at.up()
    os.close(top)


def test_special_files_are_refused_at_once(root: Root, folder: Path) -> None:
    place = folder / "workspace"
    os.mkfifo(place / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    short = os.open(place, os.O_PATH)  # a socket's path has at most 108 bytes, and a test's folder may have more
    with listener:
        listener.bind(f"/proc/self/fd/{short}/socket")
        os.close(short)
        special = ["fifo", "socket"]
        if os.geteuid() == 0:
            os.mknod(place / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            special.append("null")
        for name in special:
            with refused("NoPermissions"):
                root.read(f"/workspace/{name}", BIG)
            with refused("NoPermissions"):
                root.write(f"/workspace/{name}", b"")
            root.rename(f"/workspace/{name}", "/workspace/moved")
            root.delete("/workspace/moved")


def test_a_thousand_levels_fit_in_the_stack_and_few_descriptors(root: Root, folder: Path) -> None:
    deep = "/workspace" + "/d" * 1000
    gc.collect()
    opened = len(os.listdir("/proc/self/fd"))
    root.write(deep + "/f", b"1")
    root.copy("/workspace/d", "/workspace/copy")
    assert root.read("/workspace/copy" + "/d" * 999 + "/f", BIG) == b"1"
    assert root.usage("/workspace") == (2, 2002)
    assert sum(1 for _ in root.walk("/workspace")) == 2002
    script = f"""
import resource, sys
from pathlib import Path
from sessions.openat2 import openat2, walk
from sessions.root import Root
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
root = Root(Path(sys.argv[1]), resolve={root._resolve.__name__})
root.rename("/workspace/copy", "/workspace/d{"/d" * 900}/copy")
root.delete("/workspace/d", recursive=True)
"""
    subprocess.run([sys.executable, "-c", script, folder], check=True, timeout=50)
    assert root.read_directory("/workspace") == []
    assert len(os.listdir("/proc/self/fd")) <= opened


def test_paths_and_names_have_the_kernels_limits(root: Root) -> None:
    root.write("/workspace/" + "é" * 127, b"1")
    too_long = ["/workspace/" + "é" * 128, "/workspace/" + "n" * 256, "/missing/" + "n" * 256 + "/x", "/" + "d/" * 2048]
    for path in too_long:
        with pytest.raises(InvalidValue, match="255"):
            root.read(path, BIG)
        with pytest.raises(InvalidValue):
            root.write(path, b"")
    for path in ("", "workspace/a", "./a", "\0", "/a\0b", "/workspace/a\0", "/\ud800", "/workspace/" + HIDDEN):
        with pytest.raises(InvalidValue):
            root.read(path, BIG)
        with pytest.raises(InvalidValue):
            root.write(path, b"")


def test_errors_name_the_users_path_and_never_the_hosts(root: Root, folder: Path) -> None:
    with refused("FileNotFound") as caught:
        root.read("/workspace/missing", BIG)
    assert str(caught.value).startswith("/workspace/missing: ")
    assert str(folder.parent) not in str(caught.value)


FULL_DISK = """
import ctypes, os, subprocess, sys
from pathlib import Path
from sessions.errors import FileSystemError
from sessions.openat2 import openat2, walk
from sessions.root import Root

place = Path(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x44000, None):
    sys.exit(77)
if libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, b"size=256k,nr_inodes=64"):
    sys.exit(77)
root = Root(place / "root", resolve={"openat2": openat2, "walk": walk}[sys.argv[2]])
root.write("/workspace/small", b"old")
codes = []
def attempt(work, *args, **kwargs):
    try:
        work(*args, **kwargs)
    except FileSystemError as error:
        codes.append(error.code)
attempt(root.write, "/workspace/big", b"x" * 1_000_000)
attempt(root.write, "/workspace/small", b"x" * 1_000_000)
root.write("/workspace/half", b"x" * 150_000)
attempt(root.copy, "/workspace/half", "/workspace/other")
for number in range(100):
    attempt(root.create_directory, f"/tmp/{number}")
assert codes[:3] == ["NoSpace"] * 3 and set(codes[3:]) == {"NoSpace"} and len(codes) > 3, codes
assert root.read("/workspace/small", 100) == b"old"
assert root.read_directory("/workspace") == [("half", 1), ("small", 1)]
assert not list(place.rglob(".roost-*"))
root.delete("/workspace/half")
root.write("/workspace/small", b"new")
"""


def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path, resolve: Resolve) -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK, tmp_path, resolve.__name__], timeout=50, check=False)
    if done.returncode == 77:
        pytest.skip("mounting a small file system needs root")
    assert done.returncode == 0


def test_what_a_killed_host_left_goes_with_the_next_write_or_count(root: Root, folder: Path, resolve: Resolve) -> None:
    place = folder / "workspace"

    def litter() -> None:
        (place / HIDDEN).write_bytes(b"half")
        (place / HIDDEN.replace("0", "1")).mkdir()
        (place / HIDDEN.replace("0", "1") / "f").write_bytes(b"half")
        (place / HIDDEN.replace("0", "2")).symlink_to("/home")
        os.mkfifo(place / HIDDEN.replace("0", "3"))

    litter()
    assert root.read_directory("/workspace") == []
    root.write("/workspace/f", b"1")
    assert os.listdir(place) == ["f"]
    litter()
    assert Root(folder, resolve=resolve).usage("/workspace") == (1, 1)
    assert os.listdir(place) == ["f"]
    root.create_directory("/workspace/d")
    (place / "d" / HIDDEN).write_bytes(b"half")
    root.delete("/workspace/d")


def test_an_owner_gets_all_that_is_made(folder: Path, resolve: Resolve) -> None:
    if os.geteuid():
        pytest.skip("giving files away needs root")
    owner = 12345, 54321
    root = Root(folder, owner=owner, resolve=resolve)
    root.write("/workspace/a/b/f", b"1")
    root.copy("/workspace/a", "/home/copy")
    (folder / "workspace/link").symlink_to("x")
    root.copy("/workspace/link", "/home/link")
    root.write("/workspace/a/b/f", b"2")
    root.write("/workspace/t", b"")
    root.delete("/workspace/t", use_trash=True)
    (folder / "workspace/link").unlink()
    owners = {(path.lstat().st_uid, path.lstat().st_gid) for path in folder.rglob("*")}
    assert owners == {owner}
    assert (folder.stat().st_uid, stat.S_IMODE(folder.stat().st_mode)) == (0, 0o711)


def test_a_foreign_owner_keeps_a_file_that_is_saved(root: Root, folder: Path) -> None:
    if os.geteuid():
        pytest.skip("giving files away needs root")
    root.write("/workspace/f", b"1")
    os.chown(folder / "workspace/f", 12345, 54321)
    root.write("/workspace/f", b"2")
    assert ((folder / "workspace/f").stat().st_uid, (folder / "workspace/f").stat().st_gid) == (12345, 54321)


# ---- the meter


def test_the_meter_agrees_with_the_disk_after_every_operation(root: Root, folder: Path) -> None:
    ledger = Ledger()
    steps = [
        lambda: root.write("/workspace/a/f", b"12345", meter=ledger),
        lambda: root.write("/workspace/a/f", b"123", meter=ledger),
        lambda: root.write("/workspace/a/f", b"1234567", meter=ledger),
        lambda: root.create_directory("/workspace/x/y", meter=ledger),
        lambda: root.copy("/workspace/a", "/home/b", meter=ledger),
        lambda: root.copy("/workspace/a/f", "/home/f", meter=ledger),
        lambda: root.copy("/workspace/a/f", "/home/f", overwrite=True, meter=ledger),
        lambda: root.copy("/workspace/a", "/home/b", overwrite=True, meter=ledger),
        lambda: root.rename("/workspace/a/f", "/home/f", overwrite=True, meter=ledger),
        lambda: root.rename("/home/f", "/home/b", overwrite=True, meter=ledger),
        lambda: root.delete("/workspace/x", recursive=True, meter=ledger),
        lambda: root.delete("/home/b", meter=ledger),
    ]
    for number, step in enumerate(steps):
        step()
        assert (ledger.bytes, ledger.files + 3) == root.usage(), number


@pytest.mark.parametrize("limits", [(4, 100), (100, 0)], ids=["bytes", "files"])
def test_over_quota_nothing_changes(root: Root, folder: Path, limits: tuple[int, int]) -> None:
    for path in ("src/a", "src/b", "f"):
        root.write(f"/workspace/{path}", b"12345")
    before = sorted(root.walk("/"))
    ledger = Ledger(*limits)
    for work in (
        lambda: root.write("/workspace/new", b"12345", meter=ledger),
        lambda: root.copy("/workspace/src", "/workspace/dst", meter=ledger),
        lambda: root.copy("/workspace/f", "/workspace/dst", meter=ledger),
        lambda: root.write("/workspace/f", b"1234567890", meter=Ledger(4)),
        lambda: root.create_directory("/workspace/d", meter=Ledger(files=0)),
    ):
        with pytest.raises(OverQuota):
            work()
    assert (ledger.bytes, ledger.files) == (0, 0)
    assert root.read("/workspace/f", BIG) == b"12345"
    assert sorted(root.walk("/")) == before
    assert left_over(folder) == []


def test_hard_links_share_their_bytes(root: Root, folder: Path) -> None:
    root.write("/workspace/f", b"x" * 1000)
    for number in range(3):
        os.link(folder / "workspace/f", folder / f"workspace/{number}")
    assert root.usage("/workspace") == (1000, 4)


def test_a_tree_that_may_not_be_read_is_not_taken_for_an_empty_one(root: Root, folder: Path) -> None:
    root.write("/workspace/d/f", b"x")
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (folder / "workspace/d").chmod(0)
    try:
        with refused("NoPermissions"):
            root.usage()
        assert list(root.walk("/workspace")) == [("/workspace/d", 2)]
    finally:
        (folder / "workspace/d").chmod(0o700)


# ---- single-user mode and closing


def test_in_single_user_mode_paths_are_the_machines_own(
    tmp_path: Path, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    single = Root(None, resolve=resolve)
    path = f"{tmp_path}/a/f"
    single.write(path, b"1")
    assert Path(path).read_bytes() == b"1"
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert single.read(f"{tmp_path}/link/../a/f", BIG) == b"1"
    single.copy(path, f"{tmp_path}/g")
    single.rename(f"{tmp_path}/g", f"{tmp_path}/h")
    single.delete(path, use_trash=True)
    assert (tmp_path / "home/.local/share/Trash/files/f").read_bytes() == b"1"
    with pytest.raises(InvalidValue):
        single.delete("/", recursive=True)
    assert single.stat("/etc").type == 2


@pytest.mark.parametrize("path", ["/proc/self/root/etc/passwd", "/proc/self/exe", "/proc/self/cwd", "/proc/self/fd/0"])
def test_magic_links_are_refused_also_in_single_user_mode(resolve: Resolve, path: str) -> None:
    with refused("NoPermissions"):
        Root(None, resolve=resolve).read(path, BIG)


def test_a_move_between_file_systems_copies_and_deletes(tmp_path: Path, resolve: Resolve) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    single, other = Root(None, resolve=resolve), memory / f"roost-test-{os.getpid()}-{tmp_path.name}-{resolve.__name__}"
    single.write(f"{tmp_path}/d/f", b"1")
    try:
        single.rename(f"{tmp_path}/d", str(other))
        assert (other / "f").read_bytes() == b"1"
        assert not (tmp_path / "d").exists()
    finally:
        single.delete(str(other), recursive=True)


def test_a_closed_root_refuses_but_lets_a_running_call_end(root: Root) -> None:
    root.write("/workspace/f", b"1")
    file = root.replace("/workspace/f")
    root.close()
    with pytest.raises(SessionClosed):
        root.read("/workspace/f", BIG)
    file.write(b"2")
    file.commit()


def test_a_number_of_a_closed_root_is_not_reused_under_a_running_call(tmp_path: Path, resolve: Resolve) -> None:
    """Were the descriptor closed at once, another user's root could get its number in the middle of a call."""
    alice, entered, go_on = Root(tmp_path / "alice/root"), threading.Event(), threading.Event()
    alice.write("/workspace/f", b"alice")
    Root(tmp_path / "bob/root").write("/workspace/f", b"bob")

    def slowly(fd: int, path: bytes, flags: int) -> int:
        entered.set()
        go_on.wait(10)
        return resolve(fd, path, flags)

    slow = Root(tmp_path / "alice/root", resolve=slowly)
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append(slow.read("/workspace/f", BIG)))
    thread.start()
    entered.wait(10)
    slow.close()
    others = [Root(tmp_path / "bob/root") for _ in range(5)]
    go_on.set()
    thread.join(10)
    assert got == [b"alice"]
    for other in others:
        other.close()


# ---- where a path leads


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/workspace/a", "/workspace/a"),
        ("/workspace/./deep//../a/", "/workspace/a"),
        ("/workspace/none/at/all", "/workspace/none/at/all"),
        ("/workspace/none/../a", "/workspace/a"),
        ("/../../workspace/a", "/workspace/a"),
        ("/", "/"),
        ("/workspace/to-a", "/workspace/a"),
        ("/workspace/to-to-a", "/workspace/a"),
        ("/workspace/to-none", "/workspace/none"),
        ("/workspace/up", "/home/x"),
        ("/workspace/to-deep/b", "/workspace/deep/b"),
        ("/workspace/to-deep/../a", "/workspace/a"),
        ("/workspace/to-home/../workspace/to-a", "/workspace/a"),
        ("/workspace/to-system", "/usr/bin/python3"),
        ("/workspace/a/under-a-file", "/workspace/a/under-a-file"),
        ("/workspace/ä b%2e%2e", "/workspace/ä b%2e%2e"),
    ],
)
def test_a_path_leads_where_writing_to_it_would_write(root: Root, folder: Path, path: str, real: str) -> None:
    root.write("/workspace/a", b"")
    root.write("/workspace/deep/b", b"")
    for name, target in {
        "to-a": "a", "to-to-a": "/workspace/to-a", "to-none": "none", "up": "../../../home/x", "to-deep": "./deep",
        "to-home": "/home", "to-system": "/usr/bin/python3",
    }.items():  # fmt: skip
        (folder / "workspace" / name).symlink_to(target)
    assert root.real(path) == real


def test_links_that_go_in_a_circle_lead_nowhere(root: Root, folder: Path) -> None:
    (folder / "workspace/one").symlink_to("two")
    (folder / "workspace/two").symlink_to("one")
    with refused("NoPermissions"):
        root.real("/workspace/one/x")


def test_a_link_to_a_name_that_is_no_text_is_refused(root: Root, folder: Path) -> None:
    os.symlink(b"\xff", os.fsencode(folder) + b"/workspace/odd")
    with pytest.raises(InvalidValue, match="no UTF-8"):
        root.real("/workspace/odd")


# ---- very many entries


def test_a_listing_is_in_order_however_many_runs_it_is_sorted_in(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RUN", 3)
    names = [f"{number * 7 % 20}" for number in range(20)]
    for name in names:
        root.write(f"/workspace/{name}", b"")
    assert root.read_directory("/workspace") == [(name, FILE) for name in sorted(names)]
    assert root.read_directory("/home") == []


def test_other_threads_have_turns_while_a_long_listing_is_sorted() -> None:
    listing = [(f"{number * 7_919 % 200_000}", FILE) for number in range(200_000)]
    turns, ended = 0, threading.Event()

    def others() -> None:
        nonlocal turns
        while not ended.wait(0.0001):
            turns += 1

    thread = threading.Thread(target=others)
    thread.start()
    before = turns
    found = module.in_order(listing)
    between = turns - before
    ended.set()
    thread.join()
    assert between > 10 and found == sorted(listing)
