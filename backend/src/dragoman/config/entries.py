"""The entries of a list of models: each field read by its own rule, each mistake at its place."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from dragoman.chat import EFFORT_SCALE

from .errors import Findings, Mistake
from .facts import ModelEntry, ProviderFacts
from .fields import Readers, read_fields
from .wording import did_you_mean, kind_of, listing, looks_like_key, quoted

LONGEST_ID: Final = 200
LONGEST_NAME: Final = 50
LONGEST_DESCRIPTION: Final = 500
MOST_TOKENS: Final = 1_000_000_000

# Visible ASCII without what would break a comma-separated list, a quotation or a page.
_ID: Final = re.compile(r"[!-~]+")
_NOT_IN_ID: Final = re.compile(r"[\"'\\<>,`]")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")

# Controls, lone surrogates, line and paragraph separators: none of them can be shown.
_UNSHOWABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# These turn the reading direction of what follows, so a name could pose as another.
_TURNS_DIRECTION: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Draft(Struct, frozen=True):
    """One entry as far as it could be read: its place in the list and its good fields."""

    index: int
    fields: Mapping[str, object]

    def text(self, field: str) -> str | None:
        """Give a field if it was read and is a string."""
        value = self.fields.get(field)
        return value if isinstance(value, str) else None


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise Mistake(f"this must be a string, not {kind_of(value)}")
    return value


def _line(value: object, longest: int) -> str:
    text = _string(value).strip()
    if len(text) > longest:
        raise Mistake(f"{len(text)} characters are too many: shorten it to {longest}")
    for character in text:
        if unicodedata.category(character) in _UNSHOWABLE or character in _TURNS_DIRECTION:
            code = f"U+{ord(character):04X}"
            raise Mistake(f"it contains a control character ({code}): take it out")
    return text


def _display_name(value: object) -> str:
    text = _line(value, LONGEST_NAME)
    if not text:
        raise Mistake("it is blank: write the name people shall see")
    return text


def _description(value: object) -> str:
    return _line(value, LONGEST_DESCRIPTION)


def read_model_id(value: object) -> str:
    """Read a model's id: 1 to 200 visible ASCII characters. Raises `Mistake`."""
    text = _string(value)
    if not text.strip():
        raise Mistake("it is blank: write the model's id")
    if len(text) > LONGEST_ID:
        raise Mistake(f"{len(text)} characters are too many: at most {LONGEST_ID}")
    if looks_like_key(text):
        raise Mistake("it looks like an API key: a key belongs in its provider's own variable")
    if not _ID.fullmatch(text) or _NOT_IN_ID.search(text):
        raise Mistake(
            f"{quoted(text)} cannot be an id: use letters, digits and signs such as . - _ / : @, "
            "without white space, quotes or commas"
        )
    return text


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise Mistake(f"this must be true or false, not {kind_of(value)}")
    return value


def _tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mistake(f"this must be a whole number of tokens, not {kind_of(value)}")
    if not 1 <= value <= MOST_TOKENS:
        raise Mistake(f"this must be a number of tokens from 1 to {MOST_TOKENS}")
    return value


def read_words(value: object) -> tuple[str, ...]:
    """Read an array of lower-case words, such as capabilities. Raises `Mistake`."""
    if not isinstance(value, list):
        raise Mistake(f'this must be an array of words such as ["tools"], not {kind_of(value)}')
    for word in value:
        if not isinstance(word, str):
            raise Mistake(f"this must be an array of words, and {kind_of(word)} is none")
        if not _WORD.fullmatch(word):
            raise Mistake(f"{quoted(word)} is not a word: use lower-case letters, digits and _")
    return tuple(dict.fromkeys(value))


def _efforts(value: object) -> tuple[str, ...]:
    words = read_words(value)
    for word in words:
        if word not in EFFORT_SCALE:
            raise Mistake(
                f"{quoted(word)} is no effort{did_you_mean(word, EFFORT_SCALE)}: "
                f"there are {listing(EFFORT_SCALE)}"
            )
    return tuple(sorted(words, key=EFFORT_SCALE.index))


def _version(value: object) -> str:
    text = _string(value)
    if not _VERSION.fullmatch(text):
        raise Mistake('this must be a version such as "2023-06-01"')
    return text


def _word(value: object) -> str:
    text = _string(value)
    if not _WORD.fullmatch(text):
        raise Mistake(f"{quoted(text)} is not a word: use lower-case letters, digits and _")
    return text


_FIELDS: Final[Readers] = {
    "id": read_model_id,
    "name": _display_name,
    "description": _description,
    "provider": _string,
    "default": _yes_or_no,
    "upstream_id": read_model_id,
    "context_window": _tokens,
    "max_output_tokens": _tokens,
    "capabilities": read_words,
    "efforts": _efforts,
    "api_version": _version,
    "wire": _word,
}
_REQUIRED: Final = ("id", "name", "description", "provider")


def read_entry(
    raw: Mapping[str, object],
    place: str,
    findings: Findings,
    *,
    required: Collection[str] = _REQUIRED,
) -> dict[str, object]:
    """Read one entry and give its good fields; note what is wrong with the others."""
    return read_fields(raw, _FIELDS, required=required, place=place, findings=findings)


def read_entries(
    raw: object,
    place: str,
    findings: Findings,
    *,
    facts: Mapping[str, ProviderFacts] | None,
) -> tuple[Draft, ...]:
    """Read a list of entries; `place` is how the list is called in complaints.

    Without `facts` the providers' names are not checked.
    """
    if not isinstance(raw, list):
        findings.problem(f"{place}: this must be an array of objects, not {kind_of(raw)}")
        return ()
    if not raw:
        findings.problem(f"{place}: the list is empty: name at least one model, or take it out")
    drafts = []
    for index, entry in enumerate(raw):
        here = f"{place}[{index}]"
        if not isinstance(entry, dict):
            findings.problem(f"{here}: an entry must be an object, not {kind_of(entry)}")
            continue
        fields = read_entry(entry, here, findings)
        provider = fields.get("provider")
        if isinstance(provider, str) and facts is not None and provider not in facts:
            del fields["provider"]
            findings.problem(f"{here}.provider: {_unknown_provider(provider, facts)}")
        if facts is not None:
            _check_wire(fields, facts, here, findings)
        drafts.append(Draft(index, fields))
    _check_together(drafts, place, findings)
    return tuple(drafts)


def _unknown_provider(provider: str, facts: Mapping[str, ProviderFacts]) -> str:
    return (
        f"unknown provider {quoted(provider)}{did_you_mean(provider, facts)}: "
        f"the providers are {listing(facts)}"
    )


def _check_wire(
    fields: dict[str, object], facts: Mapping[str, ProviderFacts], here: str, findings: Findings
) -> None:
    wire, provider = fields.get("wire"), fields.get("provider")
    if not isinstance(wire, str) or not isinstance(provider, str):
        return
    known = facts[provider].wires
    if not known:
        findings.problem(f"{here}.wire: provider {provider!r} leaves no choice: take it out")
    elif wire not in known:
        findings.problem(
            f"{here}.wire: provider {provider!r} does not speak {quoted(wire)}"
            f"{did_you_mean(wire, known)}: it speaks {listing(known)}"
        )


def _check_together(drafts: list[Draft], place: str, findings: Findings) -> None:
    first_with: dict[str, int] = {}
    for draft in drafts:
        model = draft.text("id")
        if model is None:
            continue
        first = first_with.setdefault(model, draft.index)
        if first != draft.index:
            findings.problem(
                f"{place}[{draft.index}].id: {quoted(model)} is already the id of "
                f"{place}[{first}]: choose another id, and if the vendor's name is the same, "
                "give it as 'upstream_id'"
            )
    defaults = [draft.index for draft in drafts if draft.fields.get("default") is True]
    if len(defaults) > 1:
        places = listing(f"{place}[{index}]" for index in defaults)
        findings.problem(
            f"{place}: {len(defaults)} entries are marked as the default ({places}): "
            "keep 'default' on one"
        )


def entry_of(fields: Mapping[str, object]) -> ModelEntry:
    """Make the entry of fields that were all read without a mistake."""
    return msgspec.convert(fields, ModelEntry)
