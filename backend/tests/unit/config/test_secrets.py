"""A secret stays out of everything that is printed, logged, encoded or kept."""

import base64
import copy
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote

import msgspec
import pytest

from dragoman.config.secrets import clean_key
from dragoman.observability.secrets import MASK, Secret, mask

CANARY = "sk-canary-0123456789abcdef"


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        ascii,
        "{}".format,
        "{!r:>40}".format,
        lambda secret: f"{secret:>60}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way must not leak either
        lambda secret: repr([secret, {"key": secret}]),
        lambda secret: json.dumps({"key": secret}, default=str),
        lambda secret: repr(pickle.dumps(secret)),
    ],
)
def test_a_secret_never_shows_its_value(shown: Callable[[Secret], str]):
    text = shown(Secret(CANARY))

    assert CANARY not in text
    assert base64.b64encode(CANARY.encode()).decode() not in text


def test_a_secret_gives_its_value_only_when_asked_by_name():
    assert Secret(CANARY).reveal() == CANARY


def test_a_secret_is_refused_by_the_encoders_rather_than_written():
    with pytest.raises(TypeError, match="Secret"):
        json.dumps(Secret(CANARY))
    with pytest.raises(TypeError, match="Secret"):
        msgspec.json.encode({"key": Secret(CANARY)})


def test_a_pickled_secret_comes_back_without_its_value_and_says_so():
    restored = pickle.loads(pickle.dumps(Secret(CANARY)))

    assert str(restored) == MASK
    with pytest.raises(ValueError, match="left behind"):
        restored.reveal()
    assert restored != Secret(MASK)


def test_a_copied_secret_keeps_its_value():
    secret = Secret(CANARY)

    assert copy.copy(secret).reveal() == CANARY
    assert copy.deepcopy({"key": secret})["key"].reveal() == CANARY


def test_secrets_are_equal_by_value_and_usable_in_sets():
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("another")
    assert Secret(CANARY) != CANARY
    assert len({Secret(CANARY), Secret(CANARY)}) == 1


def test_a_secret_cannot_be_changed_or_looked_into():
    secret = Secret(CANARY)

    with pytest.raises(AttributeError):
        secret.value = "x"
    with pytest.raises(AttributeError):
        del secret._value
    with pytest.raises(TypeError):
        vars(secret)


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret(CANARY)


def test_a_secret_has_a_fingerprint_fit_for_logs():
    assert Secret("abc").fingerprint == "ba7816bf"  # SHA-256 of "abc", FIPS 180-2 appendix B.1
    assert Secret(CANARY).fingerprint not in CANARY


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        repr(CANARY),
        f"Bearer {CANARY}, and again {CANARY}",
        quote(CANARY + "/+", safe=""),
    ],
)
def test_known_secrets_are_taken_out_of_text(spelling: str):
    masked = mask(f"failed with {spelling}.", [Secret(CANARY), Secret(CANARY + "/+")])

    assert "canary" not in masked
    assert MASK in masked


def test_base64_forms_of_a_secret_are_taken_out_too():
    encoded = base64.b64encode(CANARY.encode()).decode()

    assert encoded not in mask(f"authorization: {encoded}", [Secret(CANARY)])


def test_the_longer_of_two_overlapping_secrets_goes_first():
    short, longer = Secret("sk-canary"), Secret("sk-canary-and-more")

    assert mask("saw sk-canary-and-more", [short, longer]) == f"saw {MASK}"


@pytest.mark.parametrize(
    "spelled",
    [
        lambda value: repr(value)[1:-1],
        lambda value: json.dumps(value)[1:-1],
        lambda value: quote(value, safe=""),
    ],
)
def test_a_secret_is_taken_out_whole_however_it_is_escaped(spelled: Callable[[str], str]):
    value = "a-key\\with\"all'sorts/of+marks\u00e9"

    assert mask(f"saw {spelled(value)}!", [Secret(value)]) == f"saw {MASK}!"


def test_what_was_left_behind_can_be_taken_out_of_nothing():
    assert mask(f"saw {CANARY}", [pickle.loads(pickle.dumps(Secret(CANARY)))]) == f"saw {CANARY}"


def test_a_value_too_short_to_be_a_key_is_left_alone():
    assert mask("a model of mine", [Secret("m"), Secret("")]) == "a model of mine"


# --- the values of key variables -------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n", "\r\n", "''", '""', '"  "'])
def test_a_blank_key_is_as_unset(blank: str):
    cleaned = clean_key("OPENAI_API_KEY", blank)

    assert (cleaned.value, cleaned.warnings, cleaned.problem) == (None, (), None)


def test_a_good_key_is_left_as_it_is():
    assert clean_key("OPENAI_API_KEY", CANARY).value == CANARY
    assert clean_key("OPENAI_API_KEY", CANARY).warnings == ()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (f" {CANARY}", "white space"),
        (f"{CANARY}\n", "white space"),
        (f"{CANARY}\r\n", "white space"),
        (f"\u00a0{CANARY}", "white space"),
        (f'"{CANARY}"', "quotes"),
        (f"'{CANARY}'", "quotes"),
        (f"' {CANARY} '", "quotes"),
    ],
)
def test_a_key_is_trimmed_with_a_warning_that_names_the_variable(value: str, what: str):
    cleaned = clean_key("OPENAI_API_KEY", value)

    assert cleaned.value == CANARY
    assert cleaned.problem is None
    assert any("OPENAI_API_KEY" in warning and what in warning for warning in cleaned.warnings)
    assert CANARY not in "".join(cleaned.warnings)


def test_only_one_pair_of_quotes_is_trimmed():
    assert clean_key("K_API_KEY", f"\"'{CANARY}'\"").value == f"'{CANARY}'"


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        (" ", "space"),
        ("\n", "line break"),
        ("\r", "line break"),
        ("\t", "space"),
        ("\x00", "control character"),
        ("\x1b[31m", "control character"),
        ("\u200b", "outside ASCII"),
        ("“", "outside ASCII"),
        ("\udc80", "outside ASCII"),
    ],
)
def test_a_key_with_a_foreign_character_inside_is_a_problem_that_names_the_variable(
    inside: str, what: str
):
    cleaned = clean_key("OPENAI_API_KEY", f"sk-canary{inside}0123456789")

    assert cleaned.value is None
    assert cleaned.problem is not None
    assert cleaned.problem.startswith("OPENAI_API_KEY")
    assert what in cleaned.problem
    assert "canary" not in cleaned.problem
    assert cleaned.problem.isascii()
