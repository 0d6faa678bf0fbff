"""Which whole replies clients of a format may have as their vendor wrote them.

A compatible server leaves out what it thinks little of, and the typed clients of the format insist
on it. Such a reply is read all the same, and written anew.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from dragoman.chat import Reply, ToolCall
from dragoman.wire.anthropic_messages.words import NAME as _MESSAGES
from dragoman.wire.openai_chat.words import NAME as _CHAT

_NO_TEXT: Final = re.compile(rb'"arguments"\s*:\s*[^\s"]')


def is_regular(wire: str, reply: Reply, body: bytes) -> bool:
    """Tell whether `body`, read as a whole `reply` of `wire`, has what its clients insist on."""
    rule = _RULES.get(wire)
    return rule is None or rule(reply, body)


# A bare quotation mark is in no JSON text: what looks like a key is one.


def _is_regular_chat(reply: Reply, body: bytes) -> bool:
    return (
        _tells_its_end(reply)
        and b'"object"' in body
        and b'"index"' in body
        and b'"role"' in body
        and not (ToolCall in map(type, reply.parts) and _NO_TEXT.search(body))
    )


def _is_regular_message(reply: Reply, body: bytes) -> bool:
    return (
        _tells_its_end(reply)
        and reply.usage is not None
        and b'"message"' in body
        and b'"role"' in body
    )


def _tells_its_end(reply: Reply) -> bool:
    return reply.stop is not None and reply.stop.word is not None


_RULES: Final[Mapping[str, Callable[[Reply, bytes], bool]]] = {
    _CHAT: _is_regular_chat,
    _MESSAGES: _is_regular_message,
}
