"""Modules of extensions: every user has their own, and Python's own ways with modules work in each of them."""

from __future__ import annotations

import gc
import importlib
import importlib.resources
import inspect
import pickle
import sys
import threading
import typing
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from host.modules import Copies, Copy, NoModuleHere, Proxy, install, remove
from host.packages import Package
from sessions.context import SessionContext
from tests.people import alone


class World:
    """One package, installed, and the copies that users have of it."""

    def __init__(self, folder: Path, **files: str) -> None:
        for name, text in files.items():
            file = folder / f"{name.replace('__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text))
        self.package = Package(folder.name, folder)
        install(self.package)

    def load(self, session: SessionContext, name: str = "extension") -> ModuleType:
        """A user's module of the package, loaded as that user."""
        copies = session.get(Copies)
        copy = copies.get(self.package.name) or copies.make(self.package)
        with session.entered():
            return copy.load(f"{self.package.name}.{name}" if name else self.package.name)


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[SessionContext]:
    with alone(tmp_path / "data", "ada") as session:
        yield session


@pytest.fixture
def ben(tmp_path: Path) -> Iterator[SessionContext]:
    with alone(tmp_path / "data", "ben") as session:
        yield session


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of the package `sample`; its proxies are gone when the test is."""
    place = tmp_path / "sample"
    place.mkdir()
    yield place
    for name in [one for one in sys.modules if one == "sample" or one.startswith("sample.")]:
        del sys.modules[name]


LEAKY = """
    import enum, functools, itertools, logging
    from dataclasses import dataclass, field
    from . import registry

    items = []
    counter = itertools.count(1)
    _instance = None

    class Singleton:
        shared = {}
        def __new__(cls):
            global _instance
            if _instance is None:
                _instance = super().__new__(cls)
                _instance.owner = None
            return _instance

    @functools.lru_cache(maxsize=None)
    def cached(key):
        return []

    @functools.cache
    def config():
        return {}

    class Meta(type):
        made = []
        def __new__(mcs, *args):
            made = super().__new__(mcs, *args)
            mcs.made.append(made.__name__)
            return made

    class Plugin(metaclass=Meta):
        pass

    def remember(owner, seen=[]):
        items.append(owner); seen.append(owner)
        Singleton().owner = owner
        Singleton.shared[owner] = 1
        cached("k").append(owner)
        config()["owner"] = owner
        registry.register(owner)
        Plugin.made_by = owner
        type("Made" + owner, (Plugin,), {})
        return next(counter), seen

    def everything():
        return [items, Singleton().owner, Singleton.shared, cached("k"), config(), registry.names(), Plugin.made_by,
                Meta.made, remember.__defaults__]
"""

REGISTRY = """
    from sample import store          # absolute, of the package itself
    def register(name): store.NAMES.append(name)
    def names():
        import sample.store as again  # lazy, and by its whole name
        return again.NAMES
"""


def test_globals_singletons_caches_and_class_state_never_meet(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    world = World(folder, extension=LEAKY, registry=REGISTRY, store="NAMES = []")
    modules = {session.uid: world.load(session) for session in (ada, ben)}
    for round_ in range(1, 4):
        for uid, module in modules.items():
            assert module.remember(uid) == (round_, [uid] * round_)
    for uid, module in modules.items():
        text = repr(module.everything())
        assert uid in text
        assert ({"ada", "ben"} - {uid}).pop() not in text


def test_code_is_compiled_once_for_all_users(folder: Path, ada: SessionContext, ben: SessionContext) -> None:
    world = World(folder, extension="def f(): return []")
    one, two = world.load(ada), world.load(ben)
    assert one.f is not two.f
    assert one.f.__code__ is two.f.__code__


def test_code_that_nobody_imports_is_neither_compiled_nor_run(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension="x = 1", unused="raise RuntimeError('ran')", broken="this is no Python")
    assert world.load(ada).x == 1


IMPORTS = """
    import importlib
    import sample
    import sample.sub.thing
    import sample.sub.thing as whole
    from sample.sub import thing as absolute
    from . import plain
    from .sub import thing, VALUE
    from .sub import *
    from .sub.thing import T as t
    from .bare.deep import T as through
    from .sub.up import plain as up

    def lazily():
        from .sub import thing
        import sample.plain
        return thing, sample.plain

    found = [sample.sub.thing, whole, absolute, thing, lazily()[0]]
    plains = [plain, sample.plain, lazily()[1], up]
    star = starred
    dynamic = importlib.import_module("sample.sub.thing").T, importlib.import_module(".sub.thing", "sample").T
    by_hand = __import__("sample.sub.thing"), __import__("sub.thing", globals(), None, (), 1)
"""

PACKAGE = {
    "__init__.py": "ROOT = []",
    "plain.py": "P = []",
    "sub/__init__.py": "__all__ = ['starred', 'thing']\nfrom .within import starred\nVALUE = []",
    "sub/within.py": "starred = []",
    "sub/thing.py": "T = []",
    "sub/up.py": "from .. import plain",
    "bare/deep.py": "from ..sub.thing import T",
}


def test_every_form_of_import_gives_the_users_own_module(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    world = World(folder, extension=IMPORTS)
    mine, theirs = world.load(ada), world.load(ben)
    for module in (mine, theirs):
        assert all(one is module.thing for one in module.found)
        assert all(one is module.plain for one in module.plains)
        assert module.star is module.sample.sub.starred
        assert module.t is module.through is module.thing.T
        assert all(one is module.t for one in module.dynamic)
        assert module.by_hand == (module.sample, module.sample.sub)
    for session, module in ((ada, mine), (ben, theirs)):
        with session.entered():
            assert importlib.import_module("sample.sub.thing").T is module.t
    assert mine.t is not theirs.t
    assert mine.sample.ROOT is not theirs.sample.ROOT


def test_modules_that_import_each_other_work_as_in_python(folder: Path, ada: SessionContext) -> None:
    world = World(
        folder,
        extension="from . import a\nresult = a.both()",
        a="from . import b\nfrom .b import B\nA = 1\ndef both(): return A + B + b.back()",
        b="from . import a\nimport sample.a as again\nB = 2\ndef back(): return a.A + again.A",
    )
    module = world.load(ada)
    assert module.result == 5
    assert module.a.b.a is module.a is module.a.b.again


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("from . import nothing", ImportError, "cannot import name 'nothing'"),
        ("import sample.nothing", ModuleNotFoundError, "No module named 'sample.nothing'"),
        ("from .plain import nothing", ImportError, "cannot import name 'nothing'"),
        ("import sample.plain.inner", ModuleNotFoundError, "No module named 'sample.plain.inner'"),
        ("from ... import x", ImportError, "beyond top-level package"),
        ("1 / 0", ZeroDivisionError, "division by zero"),
        ("x = (", SyntaxError, "never closed"),
    ],
)
def test_what_python_refuses_is_refused(
    folder: Path, ada: SessionContext, text: str, kind: type[Exception], says: str
) -> None:
    world = World(folder, extension=text, plain="")
    with pytest.raises(kind, match=says):
        world.load(ada)


def test_a_module_that_failed_is_run_again_by_the_next_import(folder: Path, ada: SessionContext) -> None:
    world = World(
        folder, extension="from .once import x", once="from . import count\ncount.n += 1\nx = 1 / (count.n - 1)"
    )
    (folder / "count.py").write_text("n = 0")
    world = World(folder)
    with pytest.raises(ZeroDivisionError):
        world.load(ada)
    assert world.load(ada).x == 1.0


PICKLED = """
    import enum, typing
    from collections import namedtuple
    from dataclasses import dataclass, field
    from pydantic import BaseModel

    @dataclass
    class Point:
        x: "int"
        inner: "Inner | None" = None
        kind: typing.ClassVar[int] = 1
        tags: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Inner:
        y: int

    class Color(enum.Enum):
        RED = 1

    class Model(BaseModel):
        point: Point
        inner: "Model | None" = None

    Pair = namedtuple("Pair", "a b")

    class Named(typing.NamedTuple):
        a: "Inner"

    def function():
        return "called"

    def samples():
        point = Point(1, Inner(2), ["t"])
        return [point, Inner(3), Color.RED, Model(point=point, inner=Model(point=point)), Pair(1, 2), Named(Inner(1)),
                function, Point, Color]
"""


def test_pickles_type_hints_and_models_work_and_are_each_users_own(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    world = World(folder, extension=PICKLED)
    mine, theirs = world.load(ada), world.load(ben)
    with ada.entered():
        samples = mine.samples()
        texts = [pickle.dumps(one) for one in samples]
        assert [pickle.loads(one) for one in texts] == samples
        assert typing.get_type_hints(mine.Point)["inner"] == mine.Inner | None
        assert typing.get_type_hints(mine.Model)["point"] is mine.Point
        assert "def function" in inspect.getsource(mine.function)
    with ben.entered():
        point = pickle.loads(texts[0])
        assert type(point) is theirs.Point
        assert pickle.loads(texts[6]) is theirs.function
        with pytest.raises(pickle.PicklingError):
            pickle.dumps(samples[0])


def test_resources_and_source_are_found_beside_the_code(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension="def f(): pass", bare__inner="x = 1")
    (folder / "words.txt").write_text("one two")
    module = world.load(ada)
    assert module.__file__ == str(folder / "extension.py")
    with ada.entered():
        assert importlib.resources.files("sample").joinpath("words.txt").read_text() == "one two"
        assert importlib.resources.files("sample.bare").joinpath("inner.py").read_text() == "x = 1"


def test_a_plain_thread_of_an_extension_imports_its_users_modules(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    text = """
        import threading
        def work(out):
            from . import late
            out.append(late.L)
        def in_thread():
            out = []
            thread = threading.Thread(target=work, args=(out,)); thread.start(); thread.join(10)
            return out[0]
    """
    world = World(folder, extension=text, late="L = []")
    mine, theirs = world.load(ada), world.load(ben)
    assert mine.in_thread() is mine.in_thread()
    assert mine.in_thread() is not theirs.in_thread()


def test_outside_of_a_user_there_is_no_module_but_nothing_breaks(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension="x = 1")
    world.load(ada)
    proxy: Any = sys.modules["sample.extension"]
    with pytest.raises(NoModuleHere, match=r"every user has a module 'sample.extension' of their own"):
        _ = proxy.x
    assert not hasattr(proxy, "x")
    assert [hasattr(module, "__warningregistry__") for module in list(sys.modules.values())]
    assert repr(proxy) == f"<module 'sample.extension' from '{folder}/extension.py'>"
    assert inspect.getmodule(World) is sys.modules[__name__]
    with ada.entered():
        assert proxy.x == 1
        proxy.x = 2
        assert world.load(ada).x == 2
        del proxy.x
        assert not hasattr(world.load(ada), "x")


def test_for_a_user_without_the_extension_there_is_no_module(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    world = World(folder, extension="x = 1")
    world.load(ada)
    with ben.entered(), pytest.raises(NoModuleHere, match="does not run for ben; activate it first"):
        _ = sys.modules["sample"].extension


def test_nothing_loads_a_copy_for_everybody(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension="x = 1")
    world.load(ada)
    (folder / "later.py").write_text("x = 1")
    for name in ("sample.later", "sample.none"):
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
        with ada.entered(), pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)
    assert all(type(module) is Proxy for name, module in sys.modules.items() if name.partition(".")[0] == "sample")


def test_a_module_that_takes_its_place_in_sys_modules_is_refused(
    folder: Path, ada: SessionContext, ben: SessionContext
) -> None:
    world = World(folder, extension="import sys\nsys.modules[__name__] = {'secret': 1}")
    proxy = sys.modules["sample.extension"]
    for session in (ada, ben):
        with pytest.raises(ImportError, match="which all users share"):
            world.load(session)
    assert sys.modules["sample.extension"] is proxy


def test_a_package_inside_of_an_ordinary_one_is_each_users_own_too(
    tmp_path: Path, ada: SessionContext, ben: SessionContext
) -> None:
    folder = tmp_path / "extensions" / "sample_built_in"
    folder.mkdir(parents=True)
    (folder / "inner.py").write_text("X = []")
    (folder / "extension.py").write_text(
        "import extensions.sample_built_in.inner\n"
        "from extensions.sample_built_in.inner import X\n"
        "from extensions.sample_built_in import inner\n"
        "from . import inner as relative\n"
        "from .. import sample_built_in as upward\n"
        "def by_whole_name(): return extensions.sample_built_in.inner.X\n"
    )
    package = Package("extensions.sample_built_in", folder)
    install(package)
    modules = []
    for session in (ada, ben):
        with session.entered():
            module: Any = session.get(Copies).make(package).load("extensions.sample_built_in.extension")
            assert module.X is module.inner.X is module.relative.X is module.by_whole_name() is module.upward.inner.X
            modules.append(module)
    assert modules[0].X is not modules[1].X
    remove(package)
    assert not hasattr(sys.modules["extensions"], "sample_built_in")
    assert not [name for name in sys.modules if "sample_built_in" in name]


def test_reloading_says_that_it_cannot_be(folder: Path, ada: SessionContext) -> None:
    module = World(folder, extension="x = 1").load(ada)
    with ada.entered(), pytest.raises(ImportError):
        importlib.reload(module)


def test_removing_leaves_sys_modules_as_it_was(folder: Path) -> None:
    before = set(sys.modules)
    first = World(folder, extension="")
    second = World(folder)
    remove(first.package)
    assert type(sys.modules["sample"]) is Proxy, "the other loader still needs it"
    remove(second.package)
    remove(second.package)
    assert set(sys.modules) == before


def test_modules_that_were_imported_before_are_there_again_after(folder: Path) -> None:
    module = sys.modules["sample"] = ModuleType("sample")
    module.__spec__ = importlib.machinery.ModuleSpec("sample", None, is_package=True)
    module.__spec__.submodule_search_locations = [str(folder)]
    world = World(folder, extension="")
    assert sys.modules["sample"] is not module
    remove(world.package)
    assert sys.modules["sample"] is module


def test_many_users_may_load_at_the_same_time(folder: Path, tmp_path: Path) -> None:
    deep = {f"m{number}": f"from . import m{number + 1}\nX = [m{number + 1}]" for number in range(30)}
    world = World(folder, extension="from . import m0", m30="X = []", **deep)
    with ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        users = [stack.enter_context(alone(tmp_path / "data", f"user{number}")) for number in range(8)]
        modules = list(threads.map(world.load, users))
    roots = [sys.modules, *(vars(module) for module in modules)]
    assert len({id(root.get("m0")) for root in roots}) == 9
    for user, module in zip(users, modules, strict=True):
        chain = [module.m0]
        for _ in range(30):
            chain += chain[-1].X
        assert chain == [world.load(user, f"m{number}") for number in range(31)]


def test_two_threads_of_a_user_run_a_module_once(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension="import time\ntime.sleep(0.1)\nX = []")
    world.load(ada, "")
    with ThreadPoolExecutor(4) as threads:
        modules = list(threads.map(world.load, [ada] * 4))
    assert len({id(module.X) for module in modules}) == 1


def test_an_import_does_not_wait_for_ever_for_another_thread(
    folder: Path, ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host.modules.PATIENCE_S", 0.05)
    begun, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "begun_and_ended", (begun, ended), raising=False)
    text = "import threading\nbegun, ended = threading.begun_and_ended\nbegun.set()\nended.wait(20)"
    world = World(folder, extension=text)
    world.load(ada, "")
    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(world.load, ada)
        assert begun.wait(20)
        with pytest.raises(ImportError, match=r"another thread imports 'sample\.extension' for this user"):
            world.load(ada)
        ended.set()
        assert stuck.result(20).ended is ended


def test_what_was_unloaded_is_collected_and_loads_no_more(folder: Path, ada: SessionContext) -> None:
    world = World(folder, extension=PICKLED, late="")
    module = world.load(ada)
    copy = ada.get(Copies).get("sample")
    assert isinstance(copy, Copy)
    gone = [weakref.ref(one) for one in (module, module.Point, module.Model, module.function, module.Color)]
    ada.get(Copies).drop(world.package)
    with pytest.raises(ImportError, match="was unloaded"):
        copy.load("sample.late")
    del module, copy
    gc.collect()
    assert [one() for one in gone] == [None] * len(gone)
