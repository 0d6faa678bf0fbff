"""What people are told: who can act, in a sentence, and never a secret, markup or hidden text."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.chat import Actor, Category, Failure, UpstreamError
from dragoman.services.providers import map_openai_error, map_provider_error
from dragoman.services.providers.error_messages import LONGEST_QUOTE, SENTENCES, quote
from dragoman.services.providers.error_rows import DEFAULTS
from dragoman.services.providers.error_words import COMMON, IN_BAND
from dragoman.services.providers.openai import OPENAI_ERRORS


def told(**facts: object) -> str:
    return str(map_openai_error(UpstreamError(Failure(**facts)), model="gpt-x"))


def test_the_person_who_can_act_is_told_what_to_do():
    assert told(status=401) == "openai refused our key (401): the operator should check it"
    assert told(status=429, retry_after=7.2) == (
        "openai wants fewer requests from us (429): try again in 7 s"
    )
    assert told(code="context_length_exceeded", status=400, message="Too many tokens.") == (
        "the conversation is too long for the model 'gpt-x' (400): shorten it, or choose a model "
        'with a larger context. It says: "Too many tokens."'
    )
    assert told(code="unsupported_parameter", status=400, param="max_tokens") == (
        "the model 'gpt-x' does not support a part of this request (400, parameter 'max_tokens'): "
        "leave it out, or choose another model"
    )
    assert told(status=404) == (
        "model or resource not found: openai does not know the model 'gpt-x', or not for our key "
        "(404); the operator should check the list of models"
    )


def test_what_we_found_ourselves_is_not_put_into_the_vendors_mouth():
    assert told(reason="dns_error", message="api.test: dns error") == (
        "the host of openai was not found: the operator should check its base URL and the name "
        "server (api.test: dns error)"
    )
    assert told(reason="stream_interrupted", message="the reply broke off") == (
        "the reply of openai broke off: try again in a moment"
    )


def test_no_one_is_told_to_try_again_what_cannot_work():
    assert told(reason="bad_json").endswith("try again in a moment")
    assert "try again" not in told(reason="event_too_large")
    assert "try again" not in told(status=501)


def test_a_vendors_code_and_id_are_printable_and_short():
    failure = Failure(status=400, code="bad\n\x1b[31m" + "x" * 9_000, request_id="r\u202e" * 9_000)

    error = map_provider_error(UpstreamError(failure))

    assert error.code == "bad[31m" + "x" * 191
    assert error.request_id == "r" * 100


def test_an_unnamed_provider_and_model_read_well():
    error = map_provider_error(UpstreamError(Failure(status=404)))

    assert "the provider does not know the model, or" in str(error)


@pytest.mark.parametrize(
    ("seconds", "later"),
    [
        (None, "in a moment"),
        (0.0, "in a moment"),
        (1.0, "in 1 s"),
        (119.0, "in 119 s"),
        (360.0, "in 6 min"),
        (86400.0, "in 24 h"),
    ],
)
def test_a_wait_is_told_in_a_unit_that_people_use(seconds: float | None, later: str):
    assert told(status=529, retry_after=seconds).endswith(f"try again {later}")


def test_every_category_and_every_special_word_has_its_sentence():
    assert set(Category) <= set(SENTENCES)
    words = {row.verdict.word for row in (*COMMON, *IN_BAND, *OPENAI_ERRORS)}
    words |= {verdict.word for verdict in DEFAULTS.values()}
    assert set(SENTENCES) - set(Category) <= words


def test_whoever_must_act_is_named_in_the_sentence():
    for category, verdict in DEFAULTS.items():
        sentence = SENTENCES[category]
        assert ("operator" in sentence) == (verdict.actor is Actor.OPERATOR), category
        assert ("try again" in sentence) == (verdict.actor is Actor.WAIT), category


# --- a vendor's own words --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Overloaded", "Overloaded"),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("\x1b[31mred\x1b[0m\x07\x00", "red"),
        ("\u202egnp.exe\u202c and \u200bhidden\ufeff", "gnp.exe and hidden"),
        ("half \ud83d a pair", "half a pair"),
        ("<html><h1>502</h1></html>", ""),
        ("before <!DOCTYPE html> after", ""),
        ('see <a href="https://x.test">the docs</a>', "see the docs"),
        ("<scr<b>ipt>alert(1)</script>", "ipt>alert(1)"),
        ("an open <img src=x onerror=alert(1)", "an open"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        (
            "Incorrect API key provided: sk-proj-abc***xyz. Find it",
            "Incorrect API key provided: ***",
        ),
        ("Incorrect API key provided: You", "Incorrect API key provided: ***"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("sent 'Bearer abcdef0123456789' to us", "sent 'Bearer ***' to us"),
        ("use Bearer auth", "use Bearer auth"),
        ("gsk_abcdefghijkl failed", "*** failed"),
        ("key AIzaSyA0123456789abcd is off", "key *** is off"),
        ('{"api_key": "whatever1"}', '{"api_key": "***"}'),
        ("https://user:pass@host.test/v1", "https://***@host.test/v1"),
        ("0123456789abcdef0123456789abcdef", "***"),
        ("eyJhbGciOiJIUzI1NiJ9.e30.abc", "***"),
        ("request req_48f6dc739d654972b34e069edb97d2dc", None),
        ("the model `gpt-4.1-nano-2025-04-14` does not exist", None),
        ("max_tokens: 100000 is too many", None),
        ("Limit 30000, Requested 36278", None),
        ("b3b7c1f0-9d2e-4a57-8f6e-0123456789ab", None),
    ],
)
def test_a_vendors_words_are_shown_plain_and_without_secrets(text: str, plain: str | None):
    assert quote(text).startswith(text if plain is None else plain)
    assert quote(quote(text)) == quote(text)


def test_a_long_text_is_cut():
    quoted = quote("word " * 1_000_000)

    assert len(quoted) == LONGEST_QUOTE
    assert quoted.endswith("…")


def test_a_key_in_an_error_answer_does_not_reach_the_message():
    message = told(status=401, message="bad key sk-canary-0123456789, header Bearer c4n4ry-77")

    assert "canary" not in message
    assert "c4n4ry" not in message


@given(
    st.text()
    | st.lists(st.sampled_from(["<", ">", "b", "/", "!", "sk-", "\x1b", "["])).map("".join)
)
@example("<" * 3000)
@example("<a" * 2000)
@example("a" * 4000)
def test_whatever_a_vendor_says_can_be_shown(text: str):
    quoted = quote(text)

    assert len(quoted) <= LONGEST_QUOTE
    quoted.encode("utf-8")
    assert not re.search(r"<[a-zA-Z/!?]", quoted)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in quoted)
