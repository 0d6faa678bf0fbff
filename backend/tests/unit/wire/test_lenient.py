"""What vendors send that is no Unicode costs one character, not the reply."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.wire.stream import decode_leniently


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'"a\ud83db"', "a\ufffdb"),
        (rb'"a\ude00b"', "a\ufffdb"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\ud83d\ude00\ude00"', "\U0001f600\ufffd"),
        (rb'"\\ud83d"', "\\ud83d"),
        (b'"\xff"', "\ufffd"),
        (b"{", None),
    ],
)
def test_half_a_character_becomes_a_mark(sent, read):
    assert decode_leniently(sent) == read


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_through_with_marks_for_its_halves(text):
    read = decode_leniently(json.dumps([text]).encode())
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert isinstance(read, list)
    assert read[0] == expected
