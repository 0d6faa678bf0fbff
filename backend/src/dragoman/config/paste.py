"""A list of models written as a ready-to-paste `MODELS`, for `.env` and for a shell alike."""

import json
from collections.abc import Iterable

import msgspec

from .facts import ModelEntry

_ALWAYS = ("id", "name", "description", "provider")


def models_variable(entries: Iterable[ModelEntry]) -> str:
    """Write `MODELS='[…]'`, one model a line; read back, it gives the same entries."""
    lines = ",\n".join(f"  {_one(entry)}" for entry in entries)
    return f"MODELS='[\n{lines}\n]'"


def _one(entry: ModelEntry) -> str:
    fields = {
        name: value
        for name, value in msgspec.to_builtins(entry).items()
        if name in _ALWAYS or value not in (None, False)
    }
    text = json.dumps(fields, ensure_ascii=False)
    # Between single quotes a shell takes no escape at all, and .env takes two: spell both signs
    # in JSON's own way. An escaped double quote passes through either unchanged.
    return text.replace("\\\\", "\\u005c").replace("'", "\\u0027")
