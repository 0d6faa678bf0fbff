"""What a person is told about a failure: who did what, who can act, and the vendor's own words.

The vendor's words are a stranger's: markup and control characters go, what looks like a secret is
masked, and the rest is cut to a length that one reads.
"""

import re
from typing import Final

from dragoman.chat import Category, Failure
from dragoman.services.providers.error_rows import Verdict

MASK: Final = "***"
LONGEST_QUOTE: Final = 500
"""The most of a vendor's text that is passed on, in characters."""
LONGEST_WORD: Final = 200
"""The most of a vendor's code, or of its id of a request, that is passed on, in characters."""

SENTENCES: Final[dict[str, str]] = {
    # By category, ...
    Category.AUTHENTICATION: "{who} refused our key{facts}: the operator should check it",
    Category.PERMISSION: (
        "{who} does not allow this to our key{facts}: "
        "the operator should check what the key, its project and its region may use"
    ),
    Category.QUOTA_EXHAUSTED: (
        "our account with {who} is used up{facts}: "
        "the operator should check its credit and its spending limits"
    ),
    Category.RATE_LIMIT: "{who} wants fewer requests from us{facts}: try again {later}",
    Category.OVERLOADED: "{who} is overloaded{facts}: try again {later}",
    Category.TIMEOUT: "{who} did not answer in time{facts}: try again {later}",
    Category.CONNECTION: "{who} could not be reached{facts}: try again {later}",
    Category.STREAM_INTERRUPTED: "the reply of {who} broke off: try again {later}",
    Category.INVALID_REQUEST: "{who} cannot work with this request{facts}: change it",
    Category.CONTEXT_TOO_LONG: (
        "the conversation is too long for {model}{facts}: "
        "shorten it, or choose a model with a larger context"
    ),
    Category.CONTENT_FILTERED: (
        "{who} refused the content{facts}: rephrase it, or choose another model"
    ),
    Category.MODEL_NOT_FOUND: (
        "model or resource not found: {who} does not know {model}, or not for our key{facts}; "
        "the operator should check the list of models"
    ),
    Category.UNSUPPORTED: (
        "{model} does not support a part of this request{facts}: "
        "leave it out, or choose another model"
    ),
    Category.BAD_RESPONSE: "{who} failed to answer properly{facts}{again}",
    Category.CANCELLED: "the request was cancelled",
    Category.INTERNAL: (
        "something went wrong inside Dragoman: tell the operator; the log knows more"
    ),
    # ... and by word, where the cure is another.
    "bad_address": "the address of {who} is not one: the operator should check its base URL",
    "bad_generation": (
        "{model} made something that {who} cannot use{facts}: ask again, or choose another model"
    ),
    "dns_error": (
        "the host of {who} was not found: "
        "the operator should check its base URL and the name server"
    ),
    "invalid_input": "{detail}",
    "local_model_absent": "the local model is not installed: the operator can install it",
    "local_model_failed": "the local model does not run: the operator should look at its log",
    "local_model_loading": "the local model is still loading: try again {later}",
    "proxy_auth": "the proxy wants a password{facts}: the operator should check its address",
    "server_shutdown": "Dragoman is shutting down: try again {later}",
    "tls_error": (
        "no secure connection to {who}: the operator should check its base URL and certificates"
    ),
    "upstream_conflict": "{who} is busy with something in the way{facts}: try again {later}",
    "upstream_redirect": (
        "{who} sent us elsewhere{facts}, where our key does not go: "
        "the operator should check its base URL"
    ),
    "upstream_too_large": "the request is too large for {who}{facts}: make it smaller",
}

# The sentence says it all.
_SAID: Final = frozenset({"stream_interrupted", "server_shutdown", "cancelled"})

_MARKUP: Final = re.compile(r"<[a-zA-Z/!?][^>]*>")
_OPEN_MARKUP: Final = re.compile(r"<[a-zA-Z/!?][^>]*\Z")
_PAGE: Final = re.compile(r"<\s*(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
# C0, C1, lone surrogates, and what turns the direction of text or hides in it.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SECRETS: Final = re.compile(
    r"""
      \b(?:sk|gsk|csk|xai|hf|ghp|pplx|nvapi)[-_][\w.*\-]{6,}            # known by how they begin
    | \bAIza[\w\-]{10,}
    | \bAKIA[0-9A-Z]{8,}
    | \beyJ[\w\-]{8,}(?:\.[\w\-]+)*                                   # JSON Web Tokens
    | (?<=://)[^\s/@]+(?=@)                                            # user:password@host
    | (?<=key\ provided:\ )\S+
    | (?<=bearer\ )(?:(?=\S*\d)[\w.~+/*=\-]{8,}|[\w.~+/*=\-]{20,})
    | (?<=basic\ )(?=\S*[\d=])[\w+/=]{8,}
    | (?<![\w\-])(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{32,}(?![\w\-])      # bare, as some are
    """,
    re.IGNORECASE | re.VERBOSE,
)
_KEY_VALUE: Final = re.compile(
    r"((?:api[-_ ]?key|authorization|token|secret|password)[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:bearer|basic)\s+)?)(?!(?:bearer|basic)\b)[^\s\"',;}]{4,}",
    re.IGNORECASE,
)


def message_for(
    failure: Failure, verdict: Verdict, *, provider: str | None, model: str | None
) -> str:
    """Say in a sentence or two what happened and who can act; without secrets, on one line."""
    template = SENTENCES.get(verdict.word) or SENTENCES[verdict.category]
    later = _later(failure.retry_after)
    detail = quote(failure.message)
    sentence = template.format(
        who=provider or "the provider",
        model=f"the model '{model}'" if model else "the model",
        facts=_facts(failure),
        later=later,
        again=f": try again {later}" if verdict.retryable else "",
        detail=detail,
    )
    if not detail or detail in sentence or verdict.word in _SAID:
        return sentence
    if failure.reason is None and (failure.code or failure.type or failure.status):
        return f'{sentence}. It says: "{detail}"'
    # What a stranger's exception says may hold anything; what we found, we said ourselves.
    return sentence if failure.exception else f"{sentence} ({detail})"


def _facts(failure: Failure) -> str:
    facts = []
    if failure.status is not None and failure.status >= 300:
        facts.append(str(failure.status))
    if failure.param:
        facts.append(f"parameter '{quote(failure.param)}'")
    return f" ({', '.join(facts)})" if facts else ""


def quote(text: str) -> str:
    """Make a stranger's text fit to be shown: plain, on one line, without secrets, and short."""
    # Some of it will go; more than this is not worth the work.
    text = text[: 4 * LONGEST_QUOTE]
    if _PAGE.search(text):
        return ""
    text = " ".join(_without_markup(_UNSEEN.sub("", _ANSI.sub("", text))).split())
    text = _SECRETS.sub(MASK, _KEY_VALUE.sub(rf"\1{MASK}", text))
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def word_of(text: str | None) -> str | None:
    """Make a stranger's code or id fit to be shown: printable, and short; `None` for none."""
    if not text:
        return None
    return "".join(filter(str.isprintable, text[:LONGEST_WORD])) or None


def _without_markup(text: str) -> str:
    while (plain := _OPEN_MARKUP.sub("", _MARKUP.sub("", text))) != text:
        text = plain
    return text


def _later(seconds: float | None) -> str:
    if seconds is None or seconds < 1:
        return "in a moment"
    if seconds < 120:
        return f"in {round(seconds)} s"
    return f"in {round(seconds / 60)} min" if seconds < 7200 else f"in {round(seconds / 3600)} h"
