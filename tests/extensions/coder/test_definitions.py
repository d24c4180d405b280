"""What source files define, language by language, and their syntax trees."""

from __future__ import annotations

import threading

import pytest

from extensions.coder.definitions import NotParsed, definitions, outline, signatures, tree
from extensions.coder.grammars import GRAMMARS, grammar_of, query_of

SOURCES = {
    "a.py": ("LIMIT = 1\n\n@wraps\nclass A:\n    async def go(self): ...\n\ndef f(\n    x,\n): ...\n",
             ["variable LIMIT 1-1 0", "class A 4-5 0", "function go 5-5 1", "function f 7-9 0"]),
    "a.js": ("export class A { go() {} }\nfunction f() {}\nconst g = () => 1\nconst X = 2\n",
             ["class A 1-1 0", "method go 1-1 1", "function f 2-2 0", "function g 3-3 0", "variable X 4-4 0"]),
    "a.ts": ("export interface I { a: string }\ntype T = I\nenum E { A }\nabstract class A { abstract go(): void }\n",
             ["interface I 1-1 0", "type T 2-2 0", "enum E 3-3 0", "class A 4-4 0", "method go 4-4 1"]),
    "a.tsx": ("export function App(): JSX.Element { return <p>hi</p> }\n", ["function App 1-1 0"]),
    "a.go": ("package a\n\ntype T struct{}\n\nfunc (t T) Go() {}\n\nfunc F() {}\n\nconst X = 1\n",
             ["type T 3-3 0", "method Go 5-5 0", "function F 7-7 0", "variable X 9-9 0"]),
    "a.rs": ("struct S;\nimpl S {\n    fn go(&self) {}\n}\ntrait T { fn f(); }\n"
             "enum E { A }\nmacro_rules! m { () => {} }\n",
             ["struct S 1-1 0", "implementation S 2-4 0", "function go 3-3 1", "interface T 5-5 0", "function f 5-5 1",
              "enum E 6-6 0", "macro m 7-7 0"]),
    "A.java": ("class A {\n  A() {}\n  int go() { return 1; }\n}\ninterface I {}\nrecord R(int x) {}\n",
               ["class A 1-4 0", "method A 2-2 1", "method go 3-3 1", "interface I 5-5 0", "class R 6-6 0"]),
    "a.c": ("struct s { int x; };\ntypedef int t;\nint f(void) { return 1; }\nchar *g(void) { return 0; }\n"
            "#define M(x) x\n",
            ["struct s 1-1 0", "type t 2-2 0", "function f 3-3 0", "function g 4-4 0", "macro M 5-5 0"]),
    "a.cpp": ("namespace n {\nclass A {\n  void go() {}\n};\n}\nvoid n::A::go() {}\nint f() { return 1; }\n",
              ["namespace n 1-5 0", "class A 2-4 1", "method go 3-3 2", "method n::A::go 6-6 0", "function f 7-7 0"]),
    "a.rb": ("module M\n  class A\n    def go; end\n    def self.make; end\n  end\nend\nX = 1\n",
             ["module M 1-6 0", "class A 2-5 1", "method go 3-3 2", "method make 4-4 2", "variable X 7-7 0"]),
    "a.php": ("<?php\ninterface I {}\nclass A { function go() {} }\nfunction f() {}\n",
              ["interface I 2-2 0", "class A 3-3 0", "method go 3-3 1", "function f 4-4 0"]),
    "a.cs": ("namespace N;\nclass A { public int X { get; } void Go() {} }\ninterface I {}\n",
             ["namespace N 1-1 0", "class A 2-2 0", "property X 2-2 1", "method Go 2-2 1", "interface I 3-3 0"]),
    "a.sh": ("go() {\n  echo hi\n}\nfunction f { :; }\n", ["function go 1-3 0", "function f 4-4 0"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_file_defines_is_found(name: str) -> None:
    text, expected = SOURCES[name]
    assert [f"{one.kind} {one.name} {one.first}-{one.last} {one.depth}" for one in definitions(name, text)] == expected


def test_every_language_has_a_case_and_a_query_that_its_grammar_takes() -> None:
    assert {grammar.name for name in SOURCES if (grammar := grammar_of(name))} == {one.name for one in GRAMMARS}
    for grammar in GRAMMARS:
        assert query_of(grammar).pattern_count > 0


def test_an_outline_shows_where_things_are_and_how_they_begin() -> None:
    text = "class Parser:\n    def parse(self, text):\n        pass\n\ndef main():\n    pass\n"
    assert signatures("a.py", text) == "1-3 | class Parser:\n2-3 |   def parse(self, text):\n5-6 | def main():"
    assert signatures("a.txt", text) == "" == signatures("a.py", "x")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [("a.txt", "", "not parsed here"), ("a.py", "x = 1\n" * 200_000, "are parsed at most")],
)
def test_what_is_not_parsed_says_why(name: str, text: str, told: str) -> None:
    with pytest.raises(NotParsed, match=told):
        definitions(name, text)


def test_where_the_extra_is_missing_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extensions.coder.definitions.has", lambda grammar: False)
    with pytest.raises(NotParsed, match="extra `code`, which is missing here"):
        definitions("a.py", "")


def test_a_broken_text_still_defines_what_can_be_read() -> None:
    found = definitions("a.py", "def f():\n    pass\n\nclass (\n\ndef g(): pass\n")
    assert "f" in {one.name for one in found}


def test_a_tree_is_shown_to_a_depth_and_for_some_lines() -> None:
    text = "def f(x):\n    return x + 1\n\n\ndef g():\n    pass\n"
    shown, is_cut, faults = tree("a.py", text, 1, 3, 3, 100)
    assert shown == (
        "module 1:1-7:1\n  function_definition 1:1-2:17\n    name: identifier 1:5-1:6 'f'\n"
        "    parameters: parameters 1:6-1:9\n    body: block 2:5-2:17"
    )
    assert (is_cut, faults) == (False, [])
    assert tree("a.py", text, 1, 99, 9, 2)[1] is True


def test_a_tree_says_what_is_not_understood() -> None:
    assert tree("a.py", "x = 1\nclass (\n", 1, 9, 2, 9)[2] == ["line 2: 'class (' is not understood"]


def test_a_very_deep_text_is_parsed_in_any_thread() -> None:
    found: list[int] = []
    text = "(" * 50_000 + ")" * 50_000
    worker = threading.Thread(target=lambda: found.append(len(tree("a.py", text, 1, 9, 5, 100)[0])))
    worker.start()
    worker.join()
    assert found and found[0] > 0
    assert outline(definitions("a.py", text)) == ""
