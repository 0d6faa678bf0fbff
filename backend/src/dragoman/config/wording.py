"""The words that every complaint shares: what a value is, what was meant, what is allowed."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

_LONGEST_QUOTE: Final = 60

# Prefixes under which vendors hand out keys, and a tail as long as theirs. No model is named so.
_KEY: Final = re.compile(
    r"(?:sk|rk|gsk|xai|pplx|hf|nvapi|csk|Bearer)[-_ ][A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{30,}",
)

_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "a boolean"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a string"),
    ((list, tuple), "an array"),
    (dict, "an object"),
    (type(None), "null"),
)

TWO_BRACKETS: Final = "write [[models]], with two brackets, once for each model"


def looks_like_key(text: str) -> bool:
    """Tell whether the text has the form of an API key rather than of a name."""
    return _KEY.fullmatch(text) is not None


def quoted(text: str) -> str:
    """Quote what somebody wrote on one line; what is long or could be a key is described instead.

    It is never cut: half a key is a secret too, and could not be recognised any more.
    """
    if looks_like_key(text):
        return "(a value that looks like a key)"
    return repr(text) if len(text) <= _LONGEST_QUOTE else f"(a text of {len(text)} characters)"


def kind_of(value: object) -> str:
    """Name the type of a JSON or TOML value: "a string", "an array"."""
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "a date or a time")


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Give " (did you mean 'x'?)" for the nearest of the known words, or nothing."""
    meant = nearest(word, known, cutoff=cutoff)
    return "" if meant is None else f" (did you mean {meant!r}?)"


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Give the known word that this one was probably meant for, in whatever spelling."""
    by_folded = {_folded(name): name for name in known}
    near = difflib.get_close_matches(_folded(word), by_folded, n=1, cutoff=cutoff)
    return by_folded[near[0]] if near else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")


def listing(words: Iterable[str]) -> str:
    """List words for reading: "a, b, c"."""
    return ", ".join(words) or "none"
