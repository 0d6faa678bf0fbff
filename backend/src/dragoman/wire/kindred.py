"""What OpenAI's two formats both say of a request, and no other: put from the words of either into
those of the other.

    chat                                responses
    prompt_cache_key, service_tier, …   the same
    verbosity                           text.verbosity
    web_search_options                  tools: web_search
    store                               store

Such fields stay with the request as what its own wire alone has words for (`Extras`). The types of
`openai` 3.54 (PyPI) have both sides of this table. `logprobs` are not in it: a reply does not bring
them from the one format to the other.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import ChatRequest, Extras, Json, JsonObject

CHAT: Final = "openai_chat"
RESPONSES: Final = "openai_responses"

KINDRED_FIELDS: Final = "kindred_fields"
"""What a provider goes `without` that does not know these fields: most compatible servers."""

_Translation: TypeAlias = Callable[[JsonObject], tuple[JsonObject, JsonObject]]

_SAME: Final = frozenset(
    {"moderation", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"}
    | {"safety_identifier", "service_tier"}
)


class Kindred(Struct, frozen=True):
    """The `fields` to say in a format's own words, and the `extras` that have none there."""

    fields: JsonObject
    extras: Extras | None


def kindred(request: ChatRequest, wire: str, *, without: frozenset[str]) -> Kindred:
    """Put what a request says in the other format's own words into those of `wire`."""
    extras = request.extras
    if extras is None or KINDRED_FIELDS in without or (extras.wire, wire) not in _TRANSLATIONS:
        return Kindred({}, extras)
    said, left = _TRANSLATIONS[extras.wire, wire](extras.fields)
    return Kindred(said, replace(extras, fields=left))


def _split(fields: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Give the fields that are the same on both sides and say something, and the others."""
    same = {name: value for name, value in fields.items() if name in _SAME and value is not None}
    return same, {name: value for name, value in fields.items() if name not in same}


def _for_responses(fields: JsonObject) -> tuple[JsonObject, JsonObject]:
    said, left = _split(fields)
    if isinstance(verbosity := left.get("verbosity"), str):
        del left["verbosity"]
        said["text"] = {"verbosity": verbosity}
    if left.get("store") is True:
        said["store"] = left.pop("store")
    if (search := _web_search(left.get("web_search_options"))) is not None:
        del left["web_search_options"]
        said["tools"] = [search]
    return said, left


def _web_search(options: Json) -> JsonObject | None:
    """Make the tool of what a chat says of its search; `None` if that has more to say."""
    match options:
        case {"user_location": {"approximate": dict()}}:
            location: JsonObject = dict(options["user_location"])
            place: JsonObject = location.pop("approximate")
            return {"type": "web_search", **options, "user_location": location | place}
        case {"user_location": _}:
            return None
        case dict():
            return {"type": "web_search", **options}
        case _:
            return None


def _for_chat(fields: JsonObject) -> tuple[JsonObject, JsonObject]:
    said, left = _split(fields)
    match left.get("text"):
        case {"verbosity": str(verbosity), **others}:
            said["verbosity"] = verbosity
            del left["text"]
            if others:
                left["text"] = others
    return said, left


_TRANSLATIONS: Final[dict[tuple[str, str], _Translation]] = {
    (CHAT, RESPONSES): _for_responses,
    (RESPONSES, CHAT): _for_chat,
}
