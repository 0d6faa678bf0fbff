"""The dialects clients speak, and which of them a request is in.

A request's path says so (`dialect_of`); our own API under `/api/` has no entry here.
"""

from collections.abc import Mapping
from typing import Final

from dragoman.api.dialects import Dialect
from dragoman.api.errors import Scope
from dragoman.api.headers import told_in
from dragoman.chat import Category
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses

OPENAI_CHAT: Final = Dialect(
    wire=openai_chat, id_prefix="chatcmpl-", dated=True, headers=frozenset({"openai-beta"})
)
OPENAI_RESPONSES: Final = Dialect(
    wire=openai_responses,
    id_prefix="resp_",
    id_leads=True,
    dated=True,
    keeps=True,
    headers=frozenset({"openai-beta"}),
)
ANTHROPIC_MESSAGES: Final = Dialect(
    wire=anthropic_messages,
    id_prefix="msg_",
    beat=b'event: ping\ndata: {"type": "ping"}\n\n',
    headers=frozenset({"anthropic-version", "anthropic-beta"}),
    statuses={Category.QUOTA_EXHAUSTED: 402, Category.OVERLOADED: 529},
    id_header=b"request-id",
)

GEMINI: Final = Dialect(wire=gemini, id_prefix="")

DIALECTS: Final[Mapping[str, Dialect]] = {
    dialect.wire.name: dialect
    for dialect in (OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC_MESSAGES, GEMINI)
}
"""Every dialect by the name of its format."""

FRONT_DOORS: Final[Mapping[str, Dialect]] = {
    "/v1/chat/completions": OPENAI_CHAT,
    "/v1/messages": ANTHROPIC_MESSAGES,
}
"""Where each dialect's clients ask a model."""

GEMINI_PREFIXES: Final = ("/v1beta/models/", "/v1/models/")
"""Below these, a model and a method after a colon are Google's; current clients ask for both."""

# What clients send that ask for a list of models: on these routes nothing else tells them apart.
_OF_CLIENT: Final = {b"anthropic-version": ANTHROPIC_MESSAGES, b"x-goog-api-key": GEMINI}


def dialect_of(scope: Scope) -> Dialect | None:
    """Tell which dialect a request is in, by its path; `None` outside the vendors' routes."""
    path: str = scope["path"]
    if path in FRONT_DOORS:
        return FRONT_DOORS[path]
    if path.startswith("/v1beta/"):
        return GEMINI
    if not path.startswith("/v1/"):
        return None
    if path.startswith("/v1/messages/"):
        return ANTHROPIC_MESSAGES
    if path == "/v1/responses" or path.startswith("/v1/responses/"):
        return OPENAI_RESPONSES
    if path.startswith("/v1/models"):
        return _of_models(scope)
    return OPENAI_CHAT


def _of_models(scope: Scope) -> Dialect:
    if scope["method"] == "POST" and ":" in scope["path"]:
        return GEMINI
    told = told_in(scope)
    return next((dialect for name, dialect in _OF_CLIENT.items() if name in told), OPENAI_CHAT)
