"""The rules of the house, as tests: who imports whom, where ContextVars are, who starts tasks, what a module says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sessions", "shim", "host", "extensions")
MAY_IMPORT = {
    "sessions": {"sessions"},
    "shim": {"shim", "sessions"},
    "host": {"host", "shim", "sessions"},
    "extensions": {"extensions", "shim"},
    "examples": {"shim", "host"},
}
BANNED_CALLS = {
    "create_task": "work has an owner: sessions.tasks.Tasks, or the TaskGroup of the place",
    "ensure_future": "work has an owner: sessions.tasks.Tasks, or the TaskGroup of the place",
    "run_in_executor": "it drops the context: asyncio.to_thread",
    "fork": "it forks the whole host",
    "forkpty": "it forks the whole host",
}
OWNERS = {"asyncio.create_task", "loop.create_task", "asyncio.ensure_future"}
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager|service|handler)$")
GIVEN = {"SessionManager", "TaskManager", "PromptService", "ContextManager"}
"""Names that the design came with."""
LONGEST_FILE = 600


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def trees(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(*packages):
        yield path, ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package: str) -> None:
    ours = set(MAY_IMPORT) | set(PACKAGES)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, tree in trees(package)
        for name in imports(tree)
        if name in ours and name not in MAY_IMPORT[package] and path.parent.name != name
    ]
    assert wrong == []


def test_every_context_variable_is_in_one_file() -> None:
    found = {str(path.relative_to(ROOT)) for path, tree in trees(*PACKAGES) if _makes_context_variable(tree)}
    assert found <= {"sessions/current.py"}


def _makes_context_variable(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Call) and _name(node.func).endswith("ContextVar") for node in ast.walk(tree))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_nobody_starts_work_without_an_owner() -> None:
    wrong = []
    for path, tree in trees(*PACKAGES):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = _name(node.func)
            last = name.rsplit(".", 1)[-1]
            by_group = last == "create_task" and name not in OWNERS
            if (last in BANNED_CALLS and not by_group) or any(word.arg == "preexec_fn" for word in node.keywords):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}: {BANNED_CALLS.get(last, 'it forks')}")
    assert wrong == []


def test_extensions_keep_no_state_in_modules() -> None:
    wrong = []
    for path, tree in trees("extensions"):
        for node in tree.body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path, tree in trees(*PACKAGES, "examples", "benchmarks")
        if tree.body and not (ast.get_docstring(tree) or "").split("\n")[0].rstrip().endswith((".", "?", ":"))
    ]
    assert silent == []


def test_names_say_what_a_thing_is() -> None:
    vague = [str(path) for path in sources(*PACKAGES) if VAGUE.search(path.stem) and path.name != "manager.py"]
    classes = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, tree in trees(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and node.name.endswith(("Manager", "Service", "Handler", "Helper", "Utils"))
        and node.name not in GIVEN
    ]
    assert (vague, classes) == ([], [])


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = {str(path.relative_to(ROOT)): count for path in sources(*PACKAGES) if (count := _lines(path)) > LONGEST_FILE}
    assert long.keys() <= {"shim/__init__.py"}  # which is a list of names, read by nobody from end to end


def _lines(path: Path) -> int:
    return path.read_text().count("\n")


def test_catching_everything_has_its_reason_beside_it() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(*PACKAGES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"except (Base)?Exception\b", line) and "#" not in line and "BaseException" not in line
    ]
    assert bare == []


def test_the_project_names_no_place_that_only_its_makers_have() -> None:
    suspects = re.compile(
        r"/work/(main|shared)|/tmp/w/|file:///opt/|https?://(pypi\.org|files\.pythonhosted|registry\.npmjs)"
    )
    files = [path for pattern in ("*.py", "*.md", "*.toml", "*.txt", "Makefile") for path in ROOT.rglob(pattern)]
    mine = [path for path in files if not {".venv", "build", "node_modules"} & set(path.relative_to(ROOT).parts)]
    named = [str(path) for path in mine if path != Path(__file__) and suspects.search(path.read_text(errors="replace"))]
    assert named == []
