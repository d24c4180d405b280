"""Finding extensions: folders, built-in ones and entry points; what is wrong is one line, and the others are found."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from host.discovery import Discovery
from tests.people import extension


def look(*folders: Path, builtin: Path | None = None, disabled: tuple[str, ...] = ()) -> Discovery:
    return Discovery(folders, builtin, disabled)


def needs(*ids: str) -> str:
    return f"extension_dependencies = {list(ids)}"


def test_a_folder_is_an_extension_or_has_extensions(tmp_path: Path) -> None:
    for name in ("one", "two"):
        extension(tmp_path / "many", name, extension="")
    (tmp_path / "many" / "notes").mkdir()
    (tmp_path / "many" / "file.txt").touch()
    three = extension(tmp_path, "three", extension="")
    found = look(tmp_path / "many", three)
    assert list(found.installed) == ["acme.one", "acme.two", "acme.three"]
    assert found.problems == []


def test_an_installed_extension_knows_its_parts(tmp_path: Path) -> None:
    place = extension(tmp_path, "one", 'main = "src/start.py"', src__start="")
    (one,) = look(place).installed.values()
    assert (one.id, one.path, one.entry) == ("acme.one", str(place), "one.src.start")
    assert one.package_json()["main"] == "src/start.py"


def test_a_built_in_extension_is_of_the_hosts_own_package(tmp_path: Path) -> None:
    extension(tmp_path / "extensions", "sample", extension="")
    (one,) = look(builtin=tmp_path / "extensions").installed.values()
    assert one.entry == "extensions.sample.extension"


def test_bad_ones_are_told_and_left_out_and_the_others_are_found(tmp_path: Path) -> None:
    extension(tmp_path, "good", extension="")
    extension(tmp_path, "bad", "nonsense = 1\nzzz = 2", extension="")
    extension(tmp_path, "json", extension="")
    extension(tmp_path, "with-dash", extension="")
    found = look(tmp_path)
    assert list(found.installed) == ["acme.good"]
    assert [line.removeprefix(str(tmp_path)) for line in found.problems] == [
        "/bad/extension.toml: nonsense: is unknown; remove it",
        "/bad/extension.toml: zzz: is unknown; remove it",
        "/json: folder: there is a Python package 'json' already; rename the folder",
        "/with-dash: folder: must have a Python name; rename it, as in 'hello_extension'",
    ]


def test_a_folder_that_is_not_there_or_has_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert look(tmp_path / "none", tmp_path / "empty", tmp_path / "file").problems == [
        f"extensions.folders: there is no folder {tmp_path}/none; make it, or take it out",
        f"extensions.folders: {tmp_path}/empty has no extension.toml and no folder with one; take it out",
        f"extensions.folders: there is no folder {tmp_path}/file; make it, or take it out",
    ]


def test_an_id_is_installed_once_and_one_place_may_be_named_twice(tmp_path: Path) -> None:
    one = extension(tmp_path, "one", extension="")
    again = extension(tmp_path / "copy", "uno", extension="")
    (again / "extension.toml").write_text((one / "extension.toml").read_text().replace("acme", "ACME"))
    found = look(one, tmp_path, again)
    assert list(found.installed) == ["acme.one"]
    assert found.problems == [f"{again}: ACME.one is installed at {one} already; remove one of them"]


def test_a_disabled_one_is_left_out_without_a_word_and_those_that_need_it_with_one(tmp_path: Path) -> None:
    extension(tmp_path, "base", extension="")
    extension(tmp_path, "upper", needs("acme.base"), extension="")
    extension(tmp_path, "top", needs("acme.upper"), extension="")
    found = look(tmp_path, disabled=("ACME.base",))
    assert list(found.installed) == []
    assert found.problems == [
        f"{tmp_path}/upper/extension.toml: extension_dependencies: "
        "acme.base is not there, or disabled; install it, or take it out",
        f"{tmp_path}/top/extension.toml: extension_dependencies: "
        "acme.upper is not there, or disabled; install it, or take it out",
    ]


def test_a_circle_of_dependencies_is_refused_and_whoever_needs_it_too(tmp_path: Path) -> None:
    extension(tmp_path, "a", needs("acme.b"), extension="")
    extension(tmp_path, "b", needs("acme.c"), extension="")
    extension(tmp_path, "c", needs("ACME.a"), extension="")
    extension(tmp_path, "d", needs("acme.a"), extension="")
    extension(tmp_path, "e", extension="")
    found = look(tmp_path)
    assert list(found.installed) == ["acme.e"]
    circle = "acme.a -> acme.b -> acme.c -> acme.a is a circle; take one of them out"
    assert sum(circle in line for line in found.problems) == 3
    assert "acme.a is not there" in found.problems[3]


def test_an_extension_cannot_need_itself(tmp_path: Path) -> None:
    extension(tmp_path, "a", needs("acme.a"), extension="")
    found = look(tmp_path)
    assert found.installed == {}
    assert "acme.a -> acme.a is a circle" in found.problems[0]


def test_many_that_need_each_other_in_layers_are_found_quickly(tmp_path: Path) -> None:
    for layer in range(12):
        for one in range(4):
            below = [f"acme.x{layer - 1}_{other}" for other in range(4)] if layer else []
            extension(tmp_path, f"x{layer}_{one}", needs(*below), extension="")
    assert len(look(tmp_path).installed) == 48


def test_neighbours_are_all_the_others(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        extension(tmp_path, name, extension="")
    found = look(tmp_path)
    assert found.installed["acme.one"].package.neighbours == {"two", "three"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed distributions."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def distribution(site: Path, name: str, points: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(dedent(points))


def test_an_entry_point_names_the_package_of_an_extension(site: Path) -> None:
    extension(site, "acme_tools", extension="")
    extension(site / "acme_space", "inner", extension="")
    distribution(site, "acme", "[roost.extensions]\ntools = acme_tools\ninner = acme_space.inner\n")
    found = look()
    assert found.problems == []
    assert [one.entry for one in found.installed.values()] == ["acme_tools.extension", "acme_space.inner.extension"]


def test_an_entry_point_that_leads_nowhere_is_told(site: Path) -> None:
    (site / "plain_module.py").touch()
    (site / "no_manifest").mkdir()
    (site / "broken_parent").mkdir()
    (site / "broken_parent" / "__init__.py").write_text("1 / 0")
    points = "a = no_such\nb = plain_module\nc = no_manifest\nd = broken_parent.inner\n"
    distribution(site, "acme", f"[roost.extensions]\n{points}")
    found = look()
    assert found.installed == {}
    assert found.problems == [
        "entry point a = no_such: is no package; name the package whose folder has extension.toml",
        "entry point b = plain_module: is no package; name the package whose folder has extension.toml",
        f"{site}/no_manifest/extension.toml: file: cannot be read (No such file or directory); make it readable",
        "entry point d = broken_parent.inner: cannot be found (ZeroDivisionError: division by zero); reinstall it",
    ]
