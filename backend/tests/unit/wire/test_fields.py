"""Reading a client's JSON: what is taken, what stays, and what a complaint says."""

from collections.abc import Callable

import pytest

from dragoman.chat import InvalidInput, Json
from dragoman.wire.fields import Fields, read_object


def test_what_is_taken_is_gone_and_the_rest_stays():
    fields = Fields({"model": "m", "new": [1]})

    assert fields.text("model") == "m"
    assert fields.rest() == {"new": [1]}


def test_a_null_says_nothing_and_stays_in_the_rest():
    fields = Fields({"stop": None, "temperature": None})

    assert fields.take("stop") is None
    assert fields.maybe_number("temperature") is None
    assert fields.rest() == {"stop": None, "temperature": None}


@pytest.mark.parametrize("empty", [None, [], {}])
def test_an_empty_value_says_nothing(empty: Json):
    assert not Fields({"tools": empty}).says("tools")


@pytest.mark.parametrize("value", [0, False, "", [0], {"a": None}])
def test_any_other_value_says_something(value: Json):
    assert Fields({"tools": value}).says("tools")


def test_an_absent_field_says_nothing():
    assert not Fields({}).says("tools")


@pytest.mark.parametrize(
    ("read", "value", "complaint"),
    [
        (Fields.text, None, "a.b: is required and must be a string"),
        (Fields.text, 1, "a.b: must be a string, not a number"),
        (Fields.maybe_text, [], "a.b: must be a string, not a list"),
        (Fields.maybe_int, True, "a.b: must be an integer, not a boolean"),
        (Fields.maybe_int, 1.5, "a.b: must be an integer, not a number"),
        (Fields.maybe_number, "1", "a.b: must be a number, not a string"),
        (Fields.maybe_flag, 0, "a.b: must be true or false, not a number"),
        (Fields.maybe_object, "x", "a.b: must be an object, not a string"),
    ],
)
def test_a_complaint_says_where_what_and_never_the_value(
    read: Callable[[Fields, str], object], value: Json, complaint: str
):
    with pytest.raises(InvalidInput) as caught:
        read(Fields({"b": value}, "a"), "b")

    assert str(caught.value) == complaint


def test_an_integer_may_have_a_least_value():
    assert Fields({"n": 0}).maybe_int("n", least=0) == 0
    with pytest.raises(InvalidInput, match="n: must be at least 1"):
        Fields({"n": 0}).maybe_int("n", least=1)


def test_each_object_of_a_list_knows_its_place():
    fields = Fields({"tools": [{"name": "a"}, {"name": 1}]})

    first, second = fields.objects("tools")

    assert first.text("name") == "a"
    with pytest.raises(InvalidInput, match=r"tools\[1\]\.name: must be a string"):
        second.text("name")


def test_a_list_of_objects_may_be_absent_but_nothing_else():
    assert list(Fields({}).objects("tools")) == []
    with pytest.raises(InvalidInput, match="tools: must be a list, not an object"):
        list(Fields({"tools": {}}).objects("tools"))


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"nul", b'"\xff"', b'{"a":1e999}'])
def test_a_body_that_is_no_json_object_is_refused(body: bytes):
    with pytest.raises(InvalidInput):
        read_object(body)


def test_a_body_nested_without_end_is_refused():
    with pytest.raises(InvalidInput, match="nested too deeply"):
        read_object(b'{"a":' + b"[" * 100_000)


def test_a_field_that_needs_no_reading_is_skipped_null_or_not():
    fields = Fields({"type": "message", "stop": None, "new": 1})

    fields.skip("type")
    fields.skip("stop")
    fields.skip("absent")

    assert fields.rest() == {"new": 1}
