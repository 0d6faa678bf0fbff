"""A model that does what it is asked: it calls the tools it is given, and answers by a schema."""

import json
import re
from typing import Any

from dragoman.testing.upstream import Received

from .sent import Sent, sent
from .turns import Call, Json, Turn

_WORD = "Paris"


def act(received: Received) -> Turn:
    """Answer a request as a willing model would."""
    asked = sent(received)
    said = asked.texts[-1] if asked.texts else ""
    if asked.schema:
        return Turn((json.dumps(made_for(asked.schema, said)),))
    if asked.tools and not asked.answered:
        return Turn(calls=(_call(asked, said),))
    if "JSON" in said:
        return Turn((json.dumps(dict.fromkeys(re.findall(r"'(\w+)'", said), _WORD)),))
    return Turn(("Good", " day", " to you"))


def _call(asked: Sent, said: str) -> Call:
    name = asked.chosen or asked.tools[0]
    schema = asked.parameters[asked.tools.index(name)]
    given = made_for(schema, said)
    return Call(f"call_{len(asked.calls)}", given if isinstance(given, dict) else {}, name)


def made_for(schema: Json, said: str) -> Any:
    """Make a value for a schema; numbers and quoted words are taken from what was said."""
    return _made(schema, said, schema.get("$defs", {}))


def _made(schema: Json, said: str, named: Json) -> Any:
    match schema:
        case {"$ref": str(ref)}:
            return _made(named[ref.rpartition("/")[2]], said, named)
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [*ways]}:
            return _made(next(way for way in ways if way.get("type") != "null"), said, named)
        case {"type": "object"}:
            fields = schema.get("properties", {})
            return {name: _made(inner, said, named) for name, inner in fields.items()}
        case {"type": "array", "items": inner}:
            return [_made(inner, said, named)]
        case {"type": "integer" | "number"}:
            return int(found[0]) if (found := re.search(r"\d+", said)) else 1
        case {"type": "boolean"}:
            return True
        case _:
            return found[1] if (found := re.search(r"'([^']+)'", said)) else _WORD
