"""Schemas in Google's own dialect, a part of OpenAPI 3.0, told as JSON Schema.

    {"type": "STRING", "nullable": true, "minLength": "1"}
    {"type": ["string", "null"], "minLength": 1}

https://ai.google.dev/api/caching#Schema
"""

from typing import Final

import msgspec

from dragoman.chat import Json, JsonObject
from dragoman.wire.gemini.words import OPENAPI, encode

# The numbers are those of the protocol buffer's enum `Type`.
_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")
_COUNTS: Final = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
)
_ONE: Final = frozenset({"items", "additionalProperties", "additional_properties"})
_MANY: Final = frozenset({"anyOf", "any_of"})
_NAMED: Final = frozenset({"properties", "defs", "$defs"})
_NAMES: Final = {
    "any_of": "anyOf",
    "additional_properties": "additionalProperties",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "defs": "$defs",
    "ref": "$ref",
}
# Which property comes first is told by the properties themselves.
_LEFT_OUT: Final = frozenset({"nullable", "propertyOrdering", "property_ordering"})


def json_schema(schema: JsonObject) -> JsonObject:
    """Tell a schema of Google's dialect as JSON Schema; what it has in common stays as it is."""
    told = {
        _NAMES.get(name, name): _told(name, value)
        for name, value in schema.items()
        if name not in _LEFT_OUT
    }
    return _nullable(told) if schema.get("nullable") is True else told


def _told(name: str, value: Json) -> Json:
    match value:
        case str() | int() if name == "type":
            return _type(value)
        case str() if _NAMES.get(name, name) in _COUNTS and value.isdecimal():
            return int(value)
        case dict() if name in _ONE:
            return json_schema(value)
        case list() if name in _MANY:
            return [json_schema(item) if isinstance(item, dict) else item for item in value]
        case dict() if name in _NAMED:
            return {
                key: json_schema(item) if isinstance(item, dict) else item
                for key, item in value.items()
            }
        case _:
            return value


def _type(value: str | int) -> str | int:
    match value:
        case str():
            return value.lower()
        case int() if 1 <= value <= len(_TYPES):
            return _TYPES[value - 1]
        case _:
            return value


def _nullable(told: JsonObject) -> JsonObject:
    match told:
        case {"type": str(kind)}:
            return {**told, "type": [kind, "null"]}
        case {"anyOf": list(kinds)}:
            return {**told, "anyOf": [*kinds, {"type": "null"}]}
        case _:
            return told


def remembered(schema: JsonObject) -> str:
    """Make the mark that keeps a schema as it was spelled."""
    return OPENAPI + encode(schema).decode()


def recalled(mark: str | None, schema: JsonObject | None) -> JsonObject | None:
    """Give the schema as it was spelled; `None` unless it still says what `schema` says."""
    if mark is None or schema is None:
        return None
    spelled: JsonObject = msgspec.json.decode(mark)
    return spelled if json_schema(spelled) == schema else None
