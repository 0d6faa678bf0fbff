"""A request in this format's words: as it came, or adapted from another's."""

import re
from urllib.parse import quote

from dragoman.chat import Category, ChatRequest, JsonObject, Message, Part, ToolResult
from dragoman.wire.base import NOTHING, Written
from dragoman.wire.gemini.adapt import adapt
from dragoman.wire.gemini.calls import names_of
from dragoman.wire.gemini.config_out import write_config
from dragoman.wire.gemini.errors import refusal
from dragoman.wire.gemini.parts_out import Terms, write_part
from dragoman.wire.gemini.spelling import respelled, unlisted
from dragoman.wire.gemini.tools_out import write_choice, write_tools
from dragoman.wire.gemini.words import (
    AS_STRING,
    FEATURES,
    NAME,
    NO_PARTS,
    OF_SYSTEM,
    ROLE,
    encode,
    forms_of,
    is_own,
    mark_of,
    own,
    put_back,
)
from dragoman.wire.receipts import Receipts

_NOT_TAKEN = "this model's provider does not take it"
_ALWAYS = frozenset({"contents"})

# As of 2026-11, https://ai.google.dev/gemini-api/docs/file-input-methods: a public https address is
# fetched for what came after Gemini 2.0.
_CANNOT_FETCH = re.compile(r"gemini-(?:1|2\.0)|gemma")


def write_request(request: ChatRequest, *, without: frozenset[str] = NOTHING) -> Written:
    """Write a request for a provider. Model and streaming go into the path, not into the body.

    `without` may name any field of the body or of its `generationConfig`, which is left out with a
    receipt, and the `FEATURES`. Raises `LLMBadRequestError`, before anything is sent, for a file by
    an address that the vendor does not fetch, another vendor's files, tool arguments that are no
    JSON object, and features that this provider does not have.
    """
    receipts = Receipts(NAME)
    if not is_own(request.extras):
        request = adapt(request, receipts)
    fetches = _CANNOT_FETCH.search(request.model) is None
    terms = Terms(without, receipts, names_of(request.messages), fetches)
    body = _body(request, terms)
    body = _left_out(body, terms)
    return Written(encode(_spelled(body, request)), receipts.written(), _path(request))


def _path(request: ChatRequest) -> str | None:
    model = request.model
    if not model:
        return None
    if any(step in ("", ".", "..") for step in model.split("/")):
        raise refusal("model", "this is no model's name", Category.INVALID_REQUEST)
    place = model if "/" in model else f"models/{model}"
    verb = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
    return f"/{quote(place, safe='/@')}:{verb}"


def _body(request: ChatRequest, terms: Terms) -> JsonObject:
    said = {
        "contents": [
            _content(message, f"messages[{place}]", terms)
            for place, message in enumerate(request.messages)
        ],
        "systemInstruction": _system(request, terms),
        "tools": write_tools(request, terms),
        "toolConfig": write_choice(request, terms),
        "generationConfig": write_config(request, terms) or None,
    }
    body = {name: value for name, value in said.items() if value is not None}
    return put_back(body, _nested(own(request.extras)))


def _content(message: Message, at: str, terms: Terms) -> JsonObject:
    form = forms_of(message.extras)
    parts = [
        written
        for place, part in enumerate(message.parts)
        for written in _written(part, f"{at}.content[{place}]", terms)
    ]
    role = mark_of(message.extras, ROLE)
    if role is None:
        role = "model" if message.role == "assistant" else "user"
    said: JsonObject = {"role": role} if role else {}
    if parts or NO_PARTS not in form:
        said["parts"] = parts
    return put_back(unlisted(said, message.extras), own(message.extras))


def _written(part: Part, at: str, terms: Terms) -> list[JsonObject]:
    """Write a part; files of a tool's result follow it where they may not stand in it."""
    written = write_part(part, at, terms)
    if written is None:
        return []
    if isinstance(part, ToolResult) and "media_results" in terms.without:
        files = next(iter(written.values())).pop("parts", [])
        if files:
            terms.receipts.renamed(at, "what is no text moved behind the result")
        return [written, *files]
    return [written]


def _system(request: ChatRequest, terms: Terms) -> JsonObject | str | None:
    if not request.system:
        return None
    form = forms_of(request.extras)
    if AS_STRING in form and len(request.system) == 1:
        return request.system[0].text
    written = (write_part(text, "system", terms) for text in request.system)
    parts = [part for part in written if part is not None]
    single = f"single parts{OF_SYSTEM}" in form and len(parts) == 1
    said: JsonObject = {"parts": parts[0] if single else parts}
    for mark in form:
        if mark.startswith(ROLE) and mark.endswith(OF_SYSTEM):
            said["role"] = mark.removeprefix(ROLE).removesuffix(OF_SYSTEM)
    return said


def _nested(left: JsonObject) -> JsonObject:
    """Put fields of inner objects, which have the names of both, back into these."""
    whole: JsonObject = {}
    for name, value in left.items():
        outer, dot, inner = name.partition(".")
        whole = put_back(whole, {outer: {inner: value}} if dot else {name: value})
    return whole


def _left_out(body: JsonObject, terms: Terms) -> JsonObject:
    """Leave out what a provider does not take of the body and of its settings."""
    unwanted = terms.without - _ALWAYS - FEATURES.keys()
    config = body.get("generationConfig")
    if isinstance(config, dict):
        body = {**body, "generationConfig": _without(config, unwanted, terms)}
    return _without(body, unwanted, terms)


def _without(said: JsonObject, unwanted: frozenset[str], terms: Terms) -> JsonObject:
    for name in sorted(unwanted.intersection(said)):
        if said[name] is not None:
            terms.receipts.dropped(name, _NOT_TAKEN)
    return {name: value for name, value in said.items() if name not in unwanted}


def _spelled(body: JsonObject, request: ChatRequest) -> JsonObject:
    form = forms_of(request.extras)
    body = unlisted(body, request.extras)
    config = body.get("generationConfig")
    if isinstance(config, dict):
        body = {**body, "generationConfig": respelled(config, form)}
    return respelled(body, form)
