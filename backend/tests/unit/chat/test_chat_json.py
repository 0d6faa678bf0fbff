"""How streamed pieces of JSON come together, and whose extras are whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import (
    Extras,
    Json,
    JsonObject,
    extra_fields,
    extras_of,
    has_form,
    merge_extras,
    merge_objects,
)

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "text", "index"]), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("first", "later", "together"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": 1}),
        ({"a": None}, {"a": 1}, {"a": 1}),
        ({"text": "be"}, {"text": "gun"}, {"text": "begun"}),
        ({"id": "be"}, {"id": "gun"}, {"id": "gun"}),
        ({"a": {"text": "x"}}, {"a": {"text": "y", "b": 1}}, {"a": {"text": "xy", "b": 1}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"arguments": '{"a":'}, {"arguments": "1}"}, {"arguments": '{"a":1}'}),
        ({"arguments": "{}"}, {"arguments": "{}"}, {"arguments": "{}"}),
    ],
)
def test_a_piece_completes_what_came_before(
    first: JsonObject, later: JsonObject, together: JsonObject
):
    assert merge_objects(first, later) == together


def test_items_of_one_index_and_type_are_pieces_of_one():
    first = {"items": [{"index": 0, "type": "text", "text": "a"}, {"index": 1, "text": "b"}, "c"]}
    later: JsonObject = {
        "items": [
            {"index": 1, "text": "B"},
            {"index": 0, "text": "A"},
            {"index": 0, "type": "sealed", "data": "x"},
            {"index": 7},
            "d",
        ]
    }

    assert merge_objects(first, later)["items"] == [
        {"index": 0, "type": "text", "text": "aA"},
        {"index": 1, "text": "bB"},
        "c",
        {"index": 0, "type": "sealed", "data": "x"},
        {"index": 7},
        "d",
    ]


@given(OBJECTS, OBJECTS)
def test_merging_changes_neither_side(first: JsonObject, later: JsonObject):
    before = repr(first), repr(later)

    merge_objects(first, later)

    assert (repr(first), repr(later)) == before


@given(OBJECTS, OBJECTS)
def test_merging_forgets_no_field(first: JsonObject, later: JsonObject):
    assert merge_objects(first, later).keys() == first.keys() | later.keys()


@given(OBJECTS)
def test_nothing_adds_nothing(piece: JsonObject):
    assert merge_objects({}, piece) == piece == merge_objects(piece, {})


def test_extras_of_one_wire_merge_and_keep_each_mark_once():
    first = Extras("w", {"a": 1}, ("old",))
    later = Extras("w", {"b": 2}, ("new", "old"))

    assert merge_extras(first, later) == Extras("w", {"a": 1, "b": 2}, ("old", "new"))


def test_extras_of_two_wires_do_not_merge():
    assert merge_extras(Extras("w", {"a": 1}), Extras("v", {"b": 2})) == Extras("v", {"b": 2})


@pytest.mark.parametrize("extras", [None, Extras("w", {"a": 1})])
def test_nothing_beside_extras_changes_nothing(extras: Extras | None):
    assert merge_extras(extras, None) == extras == merge_extras(None, extras)


@pytest.mark.parametrize(("wire", "fields"), [("w", {"a": 1}), ("v", {})])
def test_extras_belong_to_one_wire(wire: str, fields: Json):
    extras = Extras("w", {"a": 1}, ("mark",))

    assert extra_fields(extras, wire) == fields
    assert has_form(extras, wire, "mark") is (wire == "w")
    assert not has_form(extras, wire, "other")


def test_no_extras_are_none():
    assert extras_of("w", {}) is None
    assert extras_of("w", {}, "mark") == Extras("w", {}, ("mark",))
    assert extra_fields(None, "w") == {}
    assert not has_form(None, "w", "mark")
