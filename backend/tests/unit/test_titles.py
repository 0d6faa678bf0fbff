"""A title is the first words of a message: short, whole words, one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.services.titles import LONGEST, title_of


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("  Two\n\nlines\tand  spaces ", "Two lines and spaces"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        (
            "Explain the difference between a process and a thread to a child of six",
            "Explain the difference between a process and a thread to a…",
        ),
        ("word " * 11 + "four, and more", "word " * 11 + "four…"),
        ("龍" * 100, "龍" * 59 + "…"),
    ],
)
def test_a_title_is_cut_at_the_end_of_a_word(message, title):
    assert title_of(message) == title


@given(st.text(min_size=1).filter(str.strip))
def test_a_title_is_one_short_line_of_what_was_said(message):
    title = title_of(message)
    assert 0 < len(title) <= LONGEST
    assert "\n" not in title
    assert " ".join(message.split()).startswith(title.removesuffix("…"))
