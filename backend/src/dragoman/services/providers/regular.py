"""Which whole replies clients of a format may have as their vendor wrote them.

A compatible server leaves out what it thinks little of, and the typed clients of the format insist
on it. Such a reply is read all the same, and written anew.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dragoman.wire.anthropic_messages.words import NAME as _MESSAGES
from dragoman.wire.openai_chat.words import NAME as _CHAT


class _Rule(Struct, frozen=True):
    """What has to stand in a reply, and what may not. A bare quotation mark is in no JSON text."""

    needed: tuple[bytes, ...]
    odd: re.Pattern[bytes]


_RULES: Final[Mapping[str, _Rule]] = {
    _CHAT: _Rule(
        (b'"object"', b'"index"', b'"role"', b'"finish_reason"'),
        re.compile(rb'"arguments"\s*:\s*[^\s"]'),
    ),
    _MESSAGES: _Rule(
        (b'"message"', b'"role"', b'"stop_reason"', b'"usage"'),
        re.compile(rb'"(?:usage|stop_reason)"\s*:\s*null'),
    ),
}


def is_regular(wire: str, body: bytes) -> bool:
    """Tell whether a whole reply of `wire` has what its clients insist on."""
    rule = _RULES.get(wire)
    if rule is None:
        return True
    return all(name in body for name in rule.needed) and rule.odd.search(body) is None
