"""What a reply says that nobody here knows, laid out as the body of a whole reply is.

{"system_fingerprint": …, "choices": [{"logprobs": …, "message": {"annotations": …}}]}
"""

from collections.abc import Iterable

from msgspec import Struct

from dragoman.chat import Extras, JsonObject, extras_of
from dragoman.wire.openai_chat.words import NAME, is_own, own


class Leftovers(Struct, frozen=True):
    """The unknown fields of a reply's body (`top`), of its choice, and of its message."""

    top: JsonObject = {}
    choice: JsonObject = {}
    message: JsonObject = {}


def leftovers_of(extras: Extras | None) -> Leftovers:
    """Take apart what was laid out."""
    if not is_own(extras):
        return Leftovers()
    top = dict(own(extras))
    choice = dict(*top.pop("choices", ()))
    message = choice.pop("message", {})
    return Leftovers(top, choice, message)


def lay_out(left: Leftovers, form: Iterable[str] = ()) -> Extras | None:
    """Lay the fields out, with the marks of how the reply was spelled; `None` if there are none."""
    choice = {**left.choice, "message": left.message} if left.message else left.choice
    fields = {**left.top, "choices": [choice]} if choice else left.top
    return extras_of(NAME, fields, *sorted(form))
