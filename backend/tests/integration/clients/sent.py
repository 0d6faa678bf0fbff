"""What Dragoman sent to a vendor, read from its wire into the words that the tests compare."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from dragoman.testing.upstream import Received

from .turns import wire_of

Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One request: what was said, and what was asked for beside it."""

    model: str
    streamed: bool
    system: str = ""
    texts: tuple[str, ...] = ()
    """What the user said, in order."""
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    """The ids of the calls that the model is told to have made."""
    results: tuple[tuple[str, str], ...] = ()
    """The results of tools, each with the id of its call."""
    schema: Json | None = None
    """The schema of structured output."""
    parameters: tuple[Json, ...] = ()
    """The schema of each tool."""
    chosen: str | None = None
    """The tool that has to be called."""
    answered: bool = False
    """Whether the last that was said is the result of a tool."""
    thinks: bool = False
    thoughts: tuple[tuple[str, str], ...] = ()
    """The thoughts that are said again, each with its signature."""
    extra: Json = field(default_factory=dict)
    """The body, for what only one test looks at."""


def sent(received: Received) -> Sent:
    """Read one request."""
    return _READERS[wire_of(received)](received)


def _named(choice: Any) -> Json:
    """A choice that is an object; a word (`auto`) names no tool."""
    return choice if isinstance(choice, dict) else {}


def _text(content: Any) -> str:
    """The text of what is a string or a list of blocks."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(block.get("text", "") for block in content)


def _chat(received: Received) -> Sent:
    body: Any = received.json
    turns = body["messages"]
    schema = (body.get("response_format") or {}).get("json_schema") or {}
    return Sent(
        model=body["model"],
        streamed=bool(body.get("stream")),
        system="".join(_text(x["content"]) for x in turns if x["role"] in ("system", "developer")),
        texts=tuple(_text(turn["content"]) for turn in turns if turn["role"] == "user"),
        tools=tuple(tool["function"]["name"] for tool in body.get("tools") or ()),
        parameters=tuple(tool["function"]["parameters"] for tool in body.get("tools") or ()),
        calls=tuple(call["id"] for turn in turns for call in turn.get("tool_calls") or ()),
        results=tuple(
            (turn["tool_call_id"], _text(turn["content"]))
            for turn in turns
            if turn["role"] == "tool"
        ),
        schema=schema.get("schema"),
        chosen=_named(_named(body.get("tool_choice")).get("function")).get("name"),
        answered=turns[-1]["role"] == "tool",
        thinks=body.get("reasoning_effort") in ("low", "medium", "high"),
        extra=body,
    )


def _messages(received: Received) -> Sent:
    body: Any = received.json
    turns = body["messages"]
    blocks = list(_blocks(turns))
    output = (body.get("output_config") or {}).get("format") or {}
    return Sent(
        model=body["model"],
        streamed=bool(body.get("stream")),
        system=_text(body.get("system")),
        texts=tuple(x["text"] for role, x in blocks if role == "user" and x["type"] == "text"),
        tools=tuple(tool["name"] for tool in body.get("tools") or ()),
        parameters=tuple(tool["input_schema"] for tool in body.get("tools") or ()),
        calls=tuple(block["id"] for _, block in blocks if block["type"] == "tool_use"),
        results=tuple(
            (block["tool_use_id"], _text(block.get("content")))
            for _, block in blocks
            if block["type"] == "tool_result"
        ),
        schema=output.get("schema"),
        chosen=_named(body.get("tool_choice")).get("name"),
        answered=any(block["type"] == "tool_result" for _, block in _blocks(turns[-1:])),
        thinks=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        or (body.get("output_config") or {}).get("effort") == "high",
        thoughts=tuple(
            (block["thinking"], block["signature"])
            for _, block in blocks
            if block["type"] == "thinking"
        ),
        extra=body,
    )


def _blocks(turns: list[Json]) -> Iterator[tuple[str, Json]]:
    for turn in turns:
        content = turn["content"]
        if isinstance(content, str):
            yield turn["role"], {"type": "text", "text": content}
        else:
            yield from ((turn["role"], block) for block in content)


def _responses(received: Received) -> Sent:
    body: Any = received.json
    said = body["input"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    turns = [item for item in items if "role" in item]
    told = [turn for turn in turns if turn["role"] in ("system", "developer")]
    form = (body.get("text") or {}).get("format") or {}
    return Sent(
        model=body["model"],
        streamed=bool(body.get("stream")),
        system=(body.get("instructions") or "") + "".join(_text(x["content"]) for x in told),
        texts=tuple(_text(turn["content"]) for turn in turns if turn["role"] == "user"),
        tools=tuple(tool["name"] for tool in body.get("tools") or ()),
        parameters=tuple(tool["parameters"] for tool in body.get("tools") or ()),
        calls=tuple(x["call_id"] for x in items if x.get("type") == "function_call"),
        results=tuple(
            (item["call_id"], _text(item["output"]))
            for item in items
            if item.get("type") == "function_call_output"
        ),
        schema=form.get("schema"),
        chosen=_named(body.get("tool_choice")).get("name"),
        answered=items[-1].get("type") == "function_call_output",
        thinks=(body.get("reasoning") or {}).get("effort") in ("low", "medium", "high"),
        extra=body,
    )


def _gemini(received: Received) -> Sent:
    body = _in_camel_case(received.json)
    model, _, verb = received.path.rpartition("/models/")[2].partition(":")
    asked = body.get("generateContentRequest", body)
    parts = [(turn.get("role"), part) for turn in asked["contents"] for part in turn["parts"]]
    settings = asked.get("generationConfig") or {}
    declared = [
        function
        for tool in asked.get("tools") or ()
        for function in tool.get("functionDeclarations") or ()
    ]
    calling = (asked.get("toolConfig") or {}).get("functionCallingConfig") or {}
    allowed = calling.get("allowedFunctionNames") or ()
    called = [part["functionCall"] for _, part in parts if "functionCall" in part]
    answered = [part["functionResponse"] for _, part in parts if "functionResponse" in part]
    return Sent(
        model=model,
        streamed=verb.startswith("stream"),
        system=_text((asked.get("systemInstruction") or {}).get("parts")),
        texts=tuple(x["text"] for role, x in parts if role != "model" and "text" in x),
        tools=tuple(function["name"] for function in declared),
        parameters=tuple(x.get("parametersJsonSchema") or x["parameters"] for x in declared),
        calls=tuple(call.get("id") or call["name"] for call in called),
        results=tuple((x.get("id") or x["name"], json.dumps(x["response"])) for x in answered),
        schema=settings.get("responseJsonSchema") or settings.get("responseSchema"),
        chosen=next(iter(allowed), None),
        answered="functionResponse" in parts[-1][1],
        thinks=bool(settings.get("thinkingConfig")),
        extra=body,
    )


# Google takes either spelling of a field, and programs send both. These hold names of others.
_FOREIGN: Final = {"args", "response", "parametersJsonSchema", "responseJsonSchema"}


def _in_camel_case(said: Any) -> Any:
    match said:
        case dict():
            named = {re.sub("_(.)", lambda x: x[1].upper(), name): x for name, x in said.items()}
            return {name: x if name in _FOREIGN else _in_camel_case(x) for name, x in named.items()}
        case list():
            return [_in_camel_case(item) for item in said]
        case _:
            return said


def _embeddings(received: Received) -> Sent:
    body: Any = received.json
    said = body["input"]
    return Sent(body["model"], streamed=False, texts=tuple(said), extra=body)


_READERS: Final[dict[str, Callable[[Received], Sent]]] = {
    "openai_chat": _chat,
    "openai_embeddings": _embeddings,
    "openai_responses": _responses,
    "openai_count": _responses,
    "anthropic_messages": _messages,
    "anthropic_count": _messages,
    "gemini": _gemini,
    "gemini_count": _gemini,
}


def schema_fields(schema: Json | None) -> set[str]:
    """The names of an object's fields, wherever the schema keeps them."""
    return set(json.loads(json.dumps(schema or {})).get("properties", {}))
