"""One language for what goes wrong: every category has a class, every error a sentence."""

import pytest

from dragoman.chat import (
    ERROR_CLASSES,
    Actor,
    Category,
    Failure,
    InvalidInput,
    LLMServiceError,
    UpstreamError,
    text_of,
)
from dragoman.chat.messages import Image, Link, Text


def test_every_category_has_a_class_of_its_own_kind():
    assert ERROR_CLASSES.keys() == set(Category)
    assert all(issubclass(kind, LLMServiceError) for kind in ERROR_CLASSES.values())


@pytest.mark.parametrize(
    ("path", "sentence"), [("messages[0]", "messages[0]: is too long"), ("", "is too long")]
)
def test_invalid_input_says_where(path: str, sentence: str):
    assert str(InvalidInput(path, "is too long")) == sentence


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (Failure(message="no", reason="r", code="c"), "no"),
        (Failure(reason="r", code="c"), "r"),
        (Failure(code="c"), "c"),
        (Failure(status=500), "upstream failure"),
    ],
)
def test_a_failure_is_told_by_the_best_words_there_are(failure: Failure, sentence: str):
    error = UpstreamError(failure)

    assert str(error) == sentence
    assert error.failure is failure


def test_an_error_without_a_finer_reason_is_of_its_category():
    error = LLMServiceError(Category.TIMEOUT, "too slow")

    assert (error.reason, error.actor, error.retryable) == ("timeout", Actor.PROVIDER, False)


def test_the_words_of_parts_leave_everything_else_out():
    assert text_of((Text("a"), Image(Link("u")), Text("b"))) == "ab"
