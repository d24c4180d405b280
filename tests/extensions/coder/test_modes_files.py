"""Mode files: what people write is read, whatever editor it went through, and a mistake has a field and a line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extensions.coder.modes import Group
from extensions.coder.modes_files import MOST, listed_modes, read_modes
from extensions.coder.yamltext import BadYaml, front_matter, parse, text_of

GOOD = {"slug": "good", "name": "Good", "roleDefinition": "You are good.", "groups": ["read"]}


def written(**more: Any) -> str:
    return json.dumps({"customModes": [{**GOOD, **more}]})


def test_yaml_json_and_json_with_tabs_say_the_same() -> None:
    yaml = "customModes:\n- {slug: good, name: Good, roleDefinition: You are good., groups: [read]}\n"
    texts = (yaml, written(), '{\n\t"customModes": [\n\t' + json.dumps(GOOD) + "\n\t]\n}")
    (first, *others) = [read_modes(text, "f", "project") for text in texts]
    assert first.problems == ()
    assert first.modes[0].groups == (Group("read"),)
    assert [one.modes for one in others] == [first.modes, first.modes]


def test_what_word_processors_put_in_is_taken_out() -> None:
    text = (
        "\ufeffcustomModes:\n\u00a0 - slug: “good”\n\u00a0   name: ‘Good’\n"
        "    roleDefinition: You\u200b are.\n    groups: []\n"
    )
    (mode,) = read_modes(text, "f", "project").modes
    assert (mode.slug, mode.name, mode.role) == ("good", "Good", "You are.")


@pytest.mark.parametrize("word", ["Yes", "on", "2031-05-06", "09:30", "1_000", "=", "007"])
def test_words_that_are_text_in_todays_yaml_are_text(word: str) -> None:
    (mode,) = read_modes(f"customModes: [{{slug: a, name: {word}, roleDefinition: r, groups: []}}]", "f", "p").modes
    assert mode.name == word


def test_numbers_and_truths_stay_what_they_are() -> None:
    given = parse("[true, False, ~, 0, -12, 0x1f, 0o17, 1.5, .5, 2e3, .inf]").value
    assert given == [True, False, None, 0, -12, 31, 15, 1.5, 0.5, 2000.0, float("inf")]


@pytest.mark.parametrize(
    "name",
    ["1e3", "-.5E3", "null", "~", "true", "0o17", "0x1f", "007", "1.", ".inf", "yes", "2031-05-06", "09:30", "=", "<<",
     "a: b", "a # b", "- a", "? a", "*a", "&a", "!a", "%a", "@a", "[a]", "{a}", "'a'", '"a"', "a\nb",
     "Ünï 🦊 \u2028 x"],
)  # fmt: skip
def test_a_name_that_is_taken_along_comes_back_as_it_was(name: str) -> None:
    (mode,) = read_modes(text_of({"customModes": [{**GOOD, "name": name}]}), "f", "project").modes
    assert mode.name == name


def test_numbers_that_are_taken_along_stay_numbers() -> None:
    values = [1, -2, 1.5, 2000.0, float("inf"), True, None, "2e3", []]
    assert parse(text_of(values)).value == values


@pytest.mark.parametrize("again", ["browser", ["browser", {"description": "the web"}]])
def test_a_mode_that_names_the_browser_twice_has_it_once(again: Any) -> None:
    found = read_modes(written(groups=["read", "browser", again]), "f", "project")
    assert found.problems == ()
    assert found.modes[0].groups == (Group("read"), Group("browser"))


@pytest.mark.parametrize("pattern", [r"^web/.*\.jsx?$", r"\.d?ts$", r"(?:a|b)c?d", r"a??b"])
def test_a_file_pattern_with_question_marks_needs_no_quotes(pattern: str) -> None:
    line = f"  groups: [read, [edit, {{fileRegex: {pattern}, description: what? these}}]]"
    (mode,) = read_modes(f"customModes:\n- slug: a\n  name: n\n  roleDefinition: r\n{line}\n", "f", "p").modes
    assert mode.groups[1] == Group("edit", pattern, "what? these")


def test_a_curly_apostrophe_inside_of_plain_quotes_harms_nothing() -> None:
    (mode,) = read_modes("customModes: [{slug: a, name: 'It’s', roleDefinition: r, groups: []}]", "f", "p").modes
    assert mode.name == "It’s"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "f: is neither YAML nor JSON: line 1"),
        ("- a", "f: customModes: is missing or no list"),
        ("customModes: {}", "f: customModes: is missing or no list"),
        ("customModes:\n  - 7", "f, line 2: customModes[0]: must be a mode"),
        ("customModes:\n  - slug: a\n    name: 1\n", "f, line 3: customModes[0].name: must be text; put it in quotes"),
        ("customModes:\n  - name: x", "f, line 2: customModes[0]: has no slug; add it"),
        (written(slug="a b"), "customModes[0].slug: 'a b' must be letters, digits and dashes"),
        (written(roleDefinition=" "), "customModes[0].roleDefinition: is empty"),
        (written(groups="read"), "customModes[0].groups: must be a list of read, edit"),
        (written(groups=["fly"]), "customModes[0].groups[0]: must be one of read, edit"),
        (written(groups=["read", "read"]), "customModes[0].groups[1]: 'read' stands there twice"),
        (written(groups=[["edit", {"fileRegex": "("}]]), "customModes[0].groups[0][1].fileRegex: '(' is no pattern"),
        (written(groups=[["edit", {"fileRegex": 3}]]), "customModes[0].groups[0][1].fileRegex: must be text"),
        (written(groups=[["edit", 3]]), "customModes[0].groups[0][1]: must have fileRegex"),
        (written(customInstructions=[]), "customModes[0].customInstructions: must be text"),
        (written(name="x" * 200_000), "customModes[0].name: has 200000 characters"),
        ("x: " + "[" * 3_000, "f: is neither YAML nor JSON: it is nested too deep"),
        ("x: " + "[{a: " * 20_000, "f: is neither YAML nor JSON: it is nested too deep"),
        (written(groups=[["edit", {"fileregex": "^a$"}]]), "customModes[0].groups[0][1].fileregex: is not known"),
        ("customModes:\n  - slug: a\n    slug: code\n", "f: is neither YAML nor JSON: line 3: 'slug' stands"),
        ("customModes: []\ncustomModes:\n", "line 2: 'customModes' stands there twice"),
    ],
)
def test_a_mistake_has_its_field_and_line(text: str, problem: str) -> None:
    found = read_modes(text, "f", "project")
    assert found.modes == ()
    assert [one for one in found.problems if problem in one] == list(found.problems)
    assert len(found.problems) == 1


def test_the_good_modes_beside_a_broken_one_are_read() -> None:
    modes = [{**GOOD, "slug": f"m{n}"} for n in range(3)]
    found = read_modes(json.dumps({"customModes": [modes[0], {}, modes[1], modes[1], modes[2]]}), "f", "project")
    assert [mode.slug for mode in found.modes] == ["m0", "m1", "m2"]
    assert ["has no slug" in one or "stands above already" in one for one in found.problems] == [True, True]


def test_no_more_modes_are_read_than_anybody_has() -> None:
    found = listed_modes([{**GOOD, "slug": f"m{n}"} for n in range(MOST + 5)], "coder.customModes", "global")
    assert len(found.modes) == MOST
    assert found.problems == (f"coder.customModes: has {MOST + 5} modes, of which {MOST} are read",)


def test_an_empty_file_has_no_modes_and_no_mistakes() -> None:
    assert read_modes("", "f", "project") == read_modes("customModes: []", "f", "project")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n",
        "a: &a [*a]",
        "a: !!python/name:os.system x",
        "? [a]\n: b",
        '{"a": {"b": 1, "b": 2}}',
        '{"a": {"b": 1,\t"b": 2}}',
    ],
)
def test_yaml_that_means_harm_is_no_yaml(text: str) -> None:
    with pytest.raises(BadYaml):
        parse(text)


@pytest.mark.parametrize(
    ("text", "head", "body"),
    [
        ("---\na: 1\n---\nbody\n", {"a": 1}, "body"),
        ("---\r\na: 1\r\n---\r\nbody", {"a": 1}, "body"),
        ("---\n---\nbody", {}, "body"),
        ("---\ndescription: one: two\nmode: 'code'\n---\n", {"description": "one: two", "mode": "code"}, ""),
        ("body\n---\na: 1\n---", {}, "body\n---\na: 1\n---"),
        ("---\nnever closed", {}, "---\nnever closed"),
    ],
)
def test_the_head_of_a_markdown_file_is_read(text: str, head: dict[str, Any], body: str) -> None:
    assert front_matter(text) == (head, body)
