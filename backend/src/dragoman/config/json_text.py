"""JSON as it stands in an environment variable: read strictly, with a complaint one can act on."""

import json
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from .errors import Mistake
from .wording import quoted

_WORDS: Final = {"True": "true", "False": "false", "None": "null"}


class _Object(dict[str, object]):
    """A JSON object that remembers which of its keys were given more than once."""

    repeated: tuple[str, ...] = ()


def read_json(text: str) -> object:
    """Read a JSON text. Raises `Mistake` with the line and column, counted from 1.

    NaN and the infinities are refused. The message quotes nothing of the text.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Mistake(_complaint(error)) from None
    except RecursionError:
        raise Mistake("the JSON is nested too deeply") from None
    except ValueError:  # an integer of thousands of digits
        raise Mistake("the JSON has a number that is too long") from None


def _object(pairs: Iterable[tuple[str, object]]) -> _Object:
    fields = _Object()
    repeated: list[str] = []
    for key, value in pairs:
        if key in fields and key not in repeated:
            repeated.append(key)
        fields[key] = value
    fields.repeated = tuple(repeated)
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise Mistake(f"{name} is not JSON")


def _complaint(error: json.JSONDecodeError) -> str:
    reason = error.msg.split(":")[0].replace(" starting at", "").replace(" at", "")
    return (
        f"not valid JSON at line {error.lineno}, column {error.colno}: {reason}"
        f"{_cure(error.doc, error.pos)}"
    )


def _cure(text: str, position: int) -> str:
    here, rest = text[position : position + 1], text[position + 1 :].lstrip()
    before = text[:position].rstrip()
    word = next((word for word in _WORDS if text.startswith(word, position)), None)
    if (here in ("]", "}") and before.endswith(",")) or (here == "," and rest[:1] in ("]", "}")):
        return "; take out the comma after the last item"
    if here in ("'", "“", "”", "„"):
        return '; strings stand between straight double quotes, as in "id"'
    if word is not None:
        return f"; JSON writes {_WORDS[word]}"
    if not here or not rest:
        return (
            "; the text ends too early (in .env, a value of several lines, "
            "or one with a '#' in it, stands between single quotes)"
        )
    return ""


def repeated_keys(value: object, place: str) -> Iterator[str]:
    """Give a complaint for each key that stands twice in one object, anywhere in the value."""
    match value:
        case _Object():
            for key in value.repeated:
                yield f"{place}: the key {quoted(key)} is given more than once: keep one"
            for key, inner in value.items():
                yield from repeated_keys(inner, f"{place}.{key}" if key.isidentifier() else place)
        case list():
            for index, inner in enumerate(value):
                yield from repeated_keys(inner, f"{place}[{index}]")
        case _:
            return
