"""The code of an extension as a package: its name, its modules, what it may import, and being shared by all users."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from host.modules import Copies, install, remove
from host.packages import MOST, Package, PackageError
from sessions.context import SessionContext
from tests.people import alone


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[SessionContext]:
    with alone(tmp_path / "data", "ada") as session:
        yield session


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Modules of these tests' extensions are not those of the next test's."""
    yield
    for name in [one for one in sys.modules if one.partition(".")[0] in ("sample", "other")]:
        del sys.modules[name]


def package(folder: Path, *, proposals: tuple[str, ...] = (), shared: bool = False, **files: str) -> Package:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return Package(folder.name, folder, proposals=proposals, shared=shared)


@pytest.mark.parametrize("name", ["hello-extension", "1st", "class", "a b", "a.b.", "ex.tension-x"])
def test_a_folder_without_a_python_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match=r"folder: must have a Python name; rename it"):
        Package(name, tmp_path)


@pytest.mark.parametrize("name", ["json", "pydantic", "shim", "host", "sessions", "extensions", "sys", "__main__"])
def test_a_folder_that_would_hide_a_package_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match=f"there is a Python package '{name}' already; rename the folder"):
        Package(name, tmp_path)


def test_a_folder_may_be_importable_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    assert package(tmp_path / "sample", extension="").name == "sample"
    with pytest.raises(PackageError, match="there is a Python package 'sample' already"):
        package(tmp_path / "elsewhere" / "sample", extension="")


def test_another_extension_of_the_same_name_is_refused_while_the_first_is_installed(tmp_path: Path) -> None:
    first = package(tmp_path / "one" / "sample", extension="")
    install(first)
    with pytest.raises(PackageError, match="rename the folder"):
        package(tmp_path / "two" / "sample", extension="")
    remove(first)
    package(tmp_path / "two" / "sample", extension="")


def test_modules_are_the_python_files_below_with_python_names(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    package(folder, extension="", a__b__c="")
    for name in ("not-me.py", "with-dash/x.py", "__pycache__/x.py", ".hidden/x.py", "data.json", "extension.toml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    names = {"sample", "sample.extension", "sample.a", "sample.a.b", "sample.a.b.c"}
    assert set(Package("sample", folder).specs) == names


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    package(tmp_path / "sample", extension="")
    (tmp_path / "sample" / "loop").symlink_to(tmp_path / "sample")
    assert set(Package("sample", tmp_path / "sample").specs) == {"sample", "sample.extension"}


def test_too_many_modules_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    for number in range(MOST):
        (tmp_path / "sample" / f"m{number}.py").touch()
    with pytest.raises(PackageError, match=f"more than {MOST} modules"):
        Package("sample", tmp_path / "sample")


REFUSED = [
    ("import shim.proposed.events", "shim.proposed.events is a proposal: add enabled_api_proposals"),
    ("import shim.proposed.events as events", 'enabled_api_proposals = ["events"] to extension.toml'),
    ("from shim.proposed import events", "shim.proposed.events is a proposal"),
    ("from shim.proposed.events import post", "shim.proposed.events is a proposal"),
    ("from shim.proposed import sessions, events", "shim.proposed.events is a proposal"),
    ("from shim.proposed import *", "one by one"),
    ("import shim.proposed", "one by one"),
    ("from shim import proposed", "one by one"),
    ("def f():\n    from shim.proposed import events\nf()", "shim.proposed.events is a proposal"),
    ("import other", "other is another extension: call its commands"),
    ("import other.inner", "other.inner is another extension"),
    ("from other.inner import x", "other.inner is another extension"),
    ("from other import inner", "other is another extension"),
    ("# coding: utf-7\nimport +AG8-ther", "other is another extension"),
    ("import ｏther", "other is another extension"),
    ("try:\n    1 / 0\nexcept ArithmeticError:\n    import other", "other is another extension"),
    ("match 1:\n    case 2:\n        pass\n    case _:\n        import other", "other is another extension"),
    ("for _ in ():\n    pass\nelse:\n    with open('/dev/null'): import other", "other is another extension"),
    ("try:\n    pass\nfinally:\n    class A:\n        import other", "other is another extension"),
]

ALLOWED = [
    "from shim.proposed.sessions import execute_command",
    "from shim.proposed import sessions",
    "import shim.proposed.sessions",
    "import shim as vscode",
    "from shim import *",
    "import json.decoder",
    "from . import inner",
    "import sample.inner",
]


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_an_import_that_the_manifest_does_not_allow_is_refused(
    tmp_path: Path, ada: SessionContext, text: str, says: str, shared: bool
) -> None:
    one = package(tmp_path / "sample", extension=text, proposals=("sessions",), shared=shared)
    one.neighbours = frozenset({"other"})
    with pytest.raises(ImportError) as refused:
        loaded(one, ada)
    assert says in str(refused.value)


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_allowed_is_imported(tmp_path: Path, ada: SessionContext, text: str, shared: bool) -> None:
    one = package(tmp_path / "sample", extension=text, inner="", proposals=("sessions",), shared=shared)
    one.neighbours = frozenset({"other"})
    loaded(one, ada)


def loaded(one: Package, session: SessionContext) -> object:
    if one.shared:
        return one.load_shared("sample.extension")
    install(one)
    with session.entered():
        return session.get(Copies).make(one).load("sample.extension")


def test_a_shared_package_is_ordinary_modules(tmp_path: Path) -> None:
    one = package(
        tmp_path / "sample",
        shared=True,
        extension="import sample.inner\nfrom .inner import X\nfrom . import inner\nfrom .bare import deep",
        inner="X = []",
        bare__deep="",
    )
    install(one)
    module = one.load_shared("sample.extension")
    assert module is sys.modules["sample.extension"] is one.load_shared("sample.extension")
    assert module.X is sys.modules["sample.inner"].X is module.sample.inner.X
    remove(one)
    assert sys.modules["sample.extension"] is module


def test_a_shared_package_with_code_of_its_own_runs_it_once(tmp_path: Path) -> None:
    package(tmp_path / "sample", extension="from . import RAN")
    (tmp_path / "sample" / "__init__.py").write_text("RAN = []\nRAN.append(1)")
    one = Package("sample", tmp_path / "sample", shared=True)
    assert [one.load_shared("sample.extension").RAN for _ in range(2)] == [[1], [1]]


def test_a_shared_package_that_fails_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "__init__.py").write_text("1 / 0")
    one = package(tmp_path / "sample", shared=True, extension="x = 1")
    with pytest.raises(ZeroDivisionError):
        one.load_shared("sample.extension")
    (tmp_path / "sample" / "__init__.py").write_text("# now it is fine")
    assert one.load_shared("sample.extension").x == 1
