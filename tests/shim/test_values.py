"""The plain values of the API: how they are made, shown, compared and written in JSON."""

from __future__ import annotations

import copy

import pytest

from sessions.errors import InvalidValue
from shim.ranges import Location, Range
from shim.uri import Uri
from shim.values import Value, as_text, camel_case, field, readonly, value


@value
class Note(Value):
    title: str
    body: str | None = None
    is_read: bool = False
    tags: list[str] = field(default_factory=list)

    def check(self) -> None:
        if not self.title:
            raise InvalidValue("title", "must not be empty")


@readonly
class Place(Value):
    name: str
    floor: int = 0


def test_a_value_takes_its_attributes_in_order_or_by_name() -> None:
    assert Note("a", "b").body == Note("a", body="b").body == "b"
    assert (Note("a").body, Note("a").tags, Note("a").is_read) == (None, [], False)


def test_a_default_list_is_each_values_own() -> None:
    first, second = Note("a"), Note("b")
    first.tags.append("x")
    assert second.tags == []


@pytest.mark.parametrize(
    ("args", "named", "said"),
    [
        ((), {}, "Note needs title"),
        (("a", "b", True, [], 5), {}, "takes, each at most once: title, body"),
        (("a",), {"title": "b"}, "at most once"),
        (("a",), {"colour": "red"}, "Note takes"),
    ],
)
def test_wrong_arguments_are_refused_with_the_right_ones(
    args: tuple[object, ...], named: dict[str, object], said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        Note(*args, **named)  # type: ignore[arg-type]


def test_a_value_that_breaks_its_rule_is_never_made() -> None:
    with pytest.raises(InvalidValue, match="title: must not be empty"):
        Note("")


def test_a_value_may_be_changed_and_carry_more_and_equals_only_itself() -> None:
    note = Note("a")
    note.title = "b"
    note.data = 5  # type: ignore[attr-defined]
    assert note.title == "b"
    assert note != Note("b")


def test_an_extension_may_derive_from_a_value_and_annotate_what_is_its_own() -> None:
    class Mine(Note):
        owner: str

        def __init__(self, owner: str) -> None:
            super().__init__("mine")
            self.owner = owner

    assert (Mine("me").title, Mine("me").owner, Mine("me").to_json()) == (
        "mine",
        "me",
        {"title": "mine", "isRead": False, "tags": []},
    )


def test_a_readonly_value_cannot_be_changed_and_equals_one_with_equal_attributes() -> None:
    place = Place("hall")
    for change in (
        lambda: setattr(place, "name", "x"),
        lambda: setattr(place, "new", 1),
        lambda: delattr(place, "name"),
    ):
        with pytest.raises(AttributeError, match="read-only"):
            change()
    assert place == Place("hall", 0)
    assert place != Place("hall", 1)
    assert place != "hall"
    assert len({place, Place("hall"), Place("attic", 2)}) == 2
    assert copy.deepcopy(place) == copy.copy(place) == place


def test_a_value_is_shown_by_what_is_set() -> None:
    assert repr(Note("a")) == "Note(title='a', is_read=False, tags=[])"
    assert Note("a", "b").to_json() == {"title": "a", "body": "b", "isRead": False, "tags": []}


@pytest.mark.parametrize(("name", "written"), [("from_", "from"), ("is_preferred", "isPreferred"), ("uri", "uri")])
def test_names_in_json_are_vs_codes(name: str, written: str) -> None:
    assert camel_case(name) == written


def test_text_is_a_string_or_nothing() -> None:
    assert (as_text(None, "title"), as_text("a", "title")) == ("", "a")
    with pytest.raises(InvalidValue, match="title: must be a string, not int"):
        as_text(5, "title")


def test_json_of_a_value_leaves_the_values_in_it_as_they_are() -> None:
    place = Range(0, 0, 0, 1)
    assert Location(Uri.file("/a"), place).to_json()["range"] is place
