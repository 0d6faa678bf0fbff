"""Raw JSON, as it is carried: the only place where a value has no closer type."""

from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


class Extras(msgspec.Struct, frozen=True):
    """What one wire alone has words for, carried beside the value it came with.

    `fields` mirrors that wire's JSON object with everything understood taken out, so its own wire
    can put the rest back; another wire leaves it out and gives a receipt. `form` remembers which of
    two spellings the wire's author chose where both mean the same ("developer" for "system", a
    list of one text part for a string), so that a request survives a round trip unchanged.
    """

    wire: str
    fields: JsonObject = msgspec.field(default_factory=dict)
    form: tuple[str, ...] = ()


def extra_fields(extras: Extras | None, wire: str) -> JsonObject:
    """Give the fields that `wire` may put back; empty when there are none or they are another's."""
    return extras.fields if extras is not None and extras.wire == wire else {}


def has_form(extras: Extras | None, wire: str, form: str) -> bool:
    """Tell whether this value was spelled in the way `form` on `wire`."""
    return extras is not None and extras.wire == wire and form in extras.form


def extras_of(wire: str, fields: JsonObject, *form: str) -> Extras | None:
    """Wrap what is left of a JSON object; `None` when nothing is."""
    return Extras(wire, fields, form) if fields or form else None


_GROWING: frozenset[str] = frozenset(
    {"arguments", "content", "data", "partial_json", "summary", "text", "thinking", "transcript"},
)


def merge_extras(first: Extras | None, second: Extras | None) -> Extras | None:
    """Add what came later to what came before; of two wires' extras the later wire's stay."""
    if first is None or second is None or first.wire != second.wire:
        return second or first
    form = first.form + tuple(mark for mark in second.form if mark not in first.form)
    return Extras(first.wire, merge_objects(first.fields, second.fields), form)


def merge_objects(first: JsonObject, second: JsonObject) -> JsonObject:
    """Add a streamed piece of a JSON object to the object so far, changing neither.

    Objects merge; lists take new items, or merge items of one type that carry the same `index`;
    text that is streamed in pieces (by its key) grows; anything else is replaced by what is later.
    """
    merged = dict(first)
    for key, later in second.items():
        merged[key] = _merged(key, merged[key], later) if key in merged else later
    return merged


def _merged(key: str, first: Json, later: Json) -> Json:
    match first, later:
        case dict(), dict():
            return merge_objects(first, later)
        case list(), list():
            return _merged_list(first, later)
        case str(), str() if key in _GROWING:
            return first if _is_repeat(first, later) else first + later
        case _, None:
            return first
        case _:
            return later


def _is_repeat(first: str, later: str) -> bool:
    # No JSON goes on like this: a whole object was told twice (as some servers do).
    return first == later and first.startswith("{") and first.endswith("}")


def _merged_list(first: list[Json], later: list[Json]) -> list[Json]:
    merged = list(first)
    for item in later:
        place = _place_of(item, first)
        if place is None:
            merged.append(item)
        else:
            merged[place] = merge_objects(merged[place], item)
    return merged


def _place_of(item: Json, items: list[Json]) -> int | None:
    """Find the item that `item` continues: the one of the same `index`, and of no other `type`."""
    if not isinstance(item, dict) or "index" not in item:
        return None
    kind = item.get("type")
    for place, begun in enumerate(items):
        if not isinstance(begun, dict) or begun.get("index") != item["index"]:
            continue
        if kind is None or begun.get("type", kind) == kind:
            return place
    return None
