"""What is asked: what was typed, what is piped in, or both."""

from io import BytesIO, TextIOWrapper

import pytest

from dragoman.cli.chat import question_of
from dragoman.cli.endings import WrongUsageError

from .partners import Tty


def piped(octets: bytes) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(octets), encoding="ascii")


@pytest.mark.parametrize(
    ("words", "octets", "question"),
    [
        (("Hello", "there"), b"", "Hello there"),
        ((), b"Hello\n", "Hello"),
        (("Summarise",), b"a long\n\ntext\n", "a long\n\ntext\n\nSummarise"),
        (("Translate",), "\ufeffgrün".encode(), "grün\n\nTranslate"),
        ((), b"  indented\n", "  indented"),
        (("Hello",), b" \n \n", "Hello"),
    ],
)
def test_what_is_piped_in_stands_before_what_was_typed(words, octets, question):
    assert question_of(words, piped(octets)) == question


def test_words_at_a_terminal_are_the_question_and_nothing_is_read():
    assert question_of(("Hello",), Tty("never read")) == "Hello"


def test_a_terminal_without_words_is_a_conversation():
    assert question_of((), Tty()) is None


@pytest.mark.parametrize(("words", "stdin"), [((), piped(b"\n")), (("",), Tty()), ((), None)])
def test_nothing_to_ask_is_a_mistake(words, stdin):
    with pytest.raises(WrongUsageError, match="nothing to ask"):
        question_of(words, stdin)


def test_a_closed_standard_input_is_no_hindrance():
    assert question_of(("Hello",), None) == "Hello"


def test_what_is_no_text_is_refused_with_the_place():
    with pytest.raises(WrongUsageError, match=r"not UTF-8 text \(byte 2\)"):
        question_of((), piped(b"ab\xff"))
