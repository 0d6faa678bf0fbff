import json
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.api.body import MAX_DEPTH, decode_json
from dragoman.chat import InvalidInput

BOM = b"\xef\xbb\xbf"


def refusal(body: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        decode_json(body)
    return caught.value


def nested(levels: int, opening: str = "[", closing: str = "]", core: str = "") -> bytes:
    return (opening * levels + core + closing * levels).encode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"message": "Hello"}', {"message": "Hello"}),
        (BOM + b'{"message": "Hello"}', {"message": "Hello"}),
        (b" [1, -2.5, true, null] ", [1, -2.5, True, None]),
        (b'"text"', "text"),
        (b"-9223372036854775808", -(2**63)),
        (b"9223372036854775807", 2**63 - 1),
        (b"1e308", 1e308),
        (rb'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        (rb'"a backslash and u0000: \\u0000"', r"a backslash and u0000: \u0000"),
        (b'{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
    ],
)
def test_sound_json_is_decoded(body: bytes, value: Any):
    assert decode_json(body) == value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (BOM, "is empty"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1}\n{"b": 2}', "line 2, column 1"),
        (b"{'a': 1}", "is not JSON"),
        (b'{"a": 1,}', "is not JSON"),
        (b'"a\nb"', "is not JSON"),
        (b'"a\x00b"', "is not JSON"),
        (rb'"\x41"', "is not JSON"),
        ('{"message": "Hello"}'.encode("utf-16"), "is not UTF-8"),
        ('{"message": "Hello"}'.encode("utf-16-le"), "is not JSON"),
        (b'{"message": "\xff"}', "is not UTF-8 (byte 13)"),
        (b'"\xed\xa0\x80"', "is not UTF-8"),
        (b'"\xc0\x80"', "is not UTF-8"),
    ],
)
def test_what_is_no_json_in_utf_8_is_refused_and_the_place_named(body: bytes, words: str):
    error = refusal(body)

    assert (error.status, error.path) == (400, "body")
    assert words in error.problem


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"NaN", "NaN is no number"),
        (b"[Infinity]", "Infinity is no number"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b"1e999", "'1e999' is too large"),
        (b"-1e999", "'-1e999' is too large"),
        (b"9223372036854775808", "'9223372036854775808' is beyond 64 bits"),
        (b"-9223372036854775809", "beyond 64 bits"),
        (b"9" * 5_000, f"'{'9' * 40}…' is beyond 64 bits"),
        (b"-" + b"9" * 500_000, "beyond 64 bits"),
    ],
)
def test_a_number_that_not_everybody_reads_alike_is_refused(body: bytes, words: str):
    error = refusal(body)

    assert error.status == 400
    assert words in error.problem


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"model": "a", "model": "b"}', "model"),
        (b'{"x": [{"model": 1, "y": 2, "model": 1}]}', "model"),
        (rb'{"model": 1, "\u006dodel": 2}', "model"),
    ],
)
def test_a_key_that_stands_twice_is_refused_by_name(body: bytes, key: str):
    error = refusal(body)

    assert (error.status, error.problem) == (400, f"the key '{key}' stands twice in an object")


def test_the_name_of_a_doubled_key_is_quoted_short_and_always_printable():
    assert len(refusal(b'{"%b": 1, "%b": 2}' % (b"k" * 9_000, b"k" * 9_000)).problem) < 100
    assert refusal(rb'{"\ud800": 1, "\ud800": 2}').problem.encode()


@pytest.mark.parametrize(
    "body",
    [
        nested(MAX_DEPTH),
        nested(MAX_DEPTH, core="1"),
        nested(MAX_DEPTH, '{"a":', "}", "1"),
        nested(MAX_DEPTH - 1, '{"a":', "}", "{}"),
        b"[" + b"[]," * 10_000 + b"[]]",
        b'"' + b"[" * 1_000 + b'"',
    ],
)
def test_nesting_up_to_the_limit_is_fine(body: bytes):
    assert decode_json(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(MAX_DEPTH + 1),
        nested(MAX_DEPTH + 1, core="1"),
        nested(MAX_DEPTH + 1, '{"a":', "}", "1"),
        nested(MAX_DEPTH, '{"a":', "}", "{}"),
        nested(MAX_DEPTH // 2, '[{"a":', "}]", "[]"),
        b'{"a": 1, "b": [0, ' + nested(MAX_DEPTH) + b"]}",
        nested(100_000),
        nested(100_000, '{"a":', "}", "1"),
        b"[" * 1_000_000,
        b'{"message": "Hello", "unknown": ' + nested(100_000) + b"}",
    ],
)
def test_nesting_beyond_the_limit_is_refused(body: bytes):
    error = refusal(body)

    assert error.status == 400
    assert error.problem == "is nested more than 32 levels deep"


@pytest.mark.parametrize("unfit", [r"\u0000", r"\ud800", r"\uDFFF", r"\ude00\ud83d", r"x\uD83Dx"])
@pytest.mark.parametrize(
    ("frame", "path"),
    [
        ('"%s"', "body"),
        ('{"message": "%s"}', "message"),
        ('{"history": [{"text": "a"}, {"sender": "user", "text": "b%s"}]}', "history[1].text"),
        ('["%s"]', "[0]"),
        ('{"metadata": {"%s": 1}}', "metadata"),
        ('{"%s": {"a": 1}}', "body"),
    ],
)
def test_a_string_that_cannot_be_stored_is_refused_where_it_stands(
    frame: str, path: str, unfit: str
):
    error = refusal((frame % unfit).encode())

    assert (error.status, error.path) == (422, path)
    assert str(error).encode()


def outcome(body: bytes) -> object:
    """Give what a body decodes to, or why it does not; any other error is a mistake of ours."""
    try:
        return decode_json(body)
    except InvalidInput as error:
        return error


def check(body: bytes) -> None:
    match outcome(body):
        case InvalidInput() as error:
            assert error.status in {400, 422}
            assert str(error).encode()
        case value:
            assert same(value, json.loads(body.removeprefix(BOM)))


@given(st.binary())
@example(b'{"a":' * 2_000)
@example(rb'{"\ud800": "\u0000"}')
@example(b"\xff\xfe{\x00}\x00")
def test_whatever_comes_is_decoded_or_refused(body: bytes):
    check(body)


@given(st.text(alphabet='{}[]",:\\u0dDe8+-.19NaInfity tr', max_size=60))
def test_whatever_looks_like_json_is_decoded_or_refused(text: str):
    check(text.encode())


def same(one: object, other: object) -> bool:
    """Equality that tells 1 from 1.0 and True, and 0.0 from -0.0."""
    return repr(one) == repr(other)


STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
MODERATE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STORABLE,
    lambda inner: st.lists(inner) | st.dictionaries(STORABLE, inner),
    max_leaves=20,
)


FORMS = [{}, {"ensure_ascii": False}, {"indent": 2}, {"separators": (",", ":")}]


@given(MODERATE, st.sampled_from(FORMS))
def test_moderate_json_means_what_the_standard_library_says(value: Any, form: dict[str, Any]):
    body = json.dumps(value, **form).encode()

    assert same(decode_json(body), json.loads(body))


def test_the_largest_number_is_a_number_and_the_next_is_not():
    assert decode_json(b"1.7976931348623157e308") == sys.float_info.max
    assert refusal(b"1.7976931348623159e308").status == 400
