"""LiteLLM as a client: the vendor's prefix before the model's id, and this address."""

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import litellm
from cell_driver import (
    TOOL_DESCRIPTION,
    TOOL_NAME,
    TOOL_PARAMETERS,
    Cells,
    get_weather,
    heard,
)
from pydantic import BaseModel

cells = Cells(("litellm", "openai"))
DOORS = ("chat", "messages", "gemini")
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": TOOL_NAME,
            "description": TOOL_DESCRIPTION,
            "parameters": TOOL_PARAMETERS,
        },
    }
]
ADDRESSES = {
    "chat": ("openai/", "/v1"),
    "messages": ("anthropic/", ""),
    "gemini": ("gemini/", "/v1beta"),
}


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def wanted_by(ask: SimpleNamespace, **more: Any) -> dict[str, Any]:
    """What every request says; no request is repeated."""
    prefix, path = ADDRESSES[ask.door]
    if ask.door == "gemini":
        # It knows by the model's name what a model can; it has to be told of this one.
        able = {"supports_system_messages": True, "supports_response_schema": True}
        about = {"litellm_provider": "gemini", "mode": "chat", **able}
        litellm.register_model({f"{prefix}{ask.model}": about})
    said = [{"role": "system", "content": ask.system}, {"role": "user", "content": ask.prompt}]
    wanted = {
        "model": f"{prefix}{ask.model}",
        "api_base": f"{ask.base}{path}",
        "api_key": "any",
        "messages": said,
        "num_retries": 0,
        "max_retries": 0,
        "timeout": ask.timeout,
    }
    return wanted | more


def complete(ask: SimpleNamespace, **more: Any) -> Any:
    """Ask at the door."""
    return litellm.completion(**wanted_by(ask, **more))


def usage_of(usage: Any) -> dict[str, int] | None:
    """Count as every client's outcome does."""
    return usage and {"input": usage.prompt_tokens, "output": usage.completion_tokens}


@cells.cell(*DOORS)
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    reply = complete(ask, max_tokens=300)
    return {
        "text": reply.choices[0].message.content,
        "stop": reply.choices[0].finish_reason,
        "model": reply.model,
        "usage": usage_of(reply.usage),
    }


@cells.cell(*DOORS)
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    came: dict[str, Any] = {}

    def texts() -> Iterator[str]:
        for chunk in complete(ask, stream=True, stream_options={"include_usage": True}):
            if getattr(chunk, "usage", None):
                came["usage"] = usage_of(chunk.usage)
            for choice in chunk.choices:
                yield choice.delta.content or ""

    return heard(texts()) | came


@cells.cell(*DOORS)
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    async def leave() -> int:
        chunks = await litellm.acompletion(**wanted_by(ask, stream=True))
        pieces = 0
        async for chunk in chunks:
            pieces += bool(chunk.choices[0].delta.content)
            if pieces:
                break
        await chunks.aclose()
        return pieces

    return {"pieces": asyncio.run(leave())}


def loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers."""
    said: list[Any] = [{"role": "user", "content": ask.prompt}]
    called = []
    while (message := answer(said)).tool_calls:
        said.append(message)
        for call in message.tool_calls:
            arguments = json.loads(call.function.arguments)
            called.append({"name": call.function.name, "arguments": arguments})
            result = {"role": "tool", "tool_call_id": call.id}
            said.append(result | {"content": get_weather(**arguments)})
    return {"calls": called, "text": message.content}


@cells.cell(*DOORS)
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask, lambda said: complete(ask, messages=said, tools=TOOLS).choices[0].message)


@cells.cell(*DOORS)
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    def answer(said: list[Any]) -> Any:
        chunks = list(complete(ask, messages=said, tools=TOOLS, stream=True))
        return litellm.stream_chunk_builder(chunks).choices[0].message

    return loop(ask, answer)


for door in DOORS:
    cells.found[door, "parallel"] = tools


@cells.cell(*DOORS)
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    reply = complete(ask, response_format=City)
    return {"parsed": json.loads(reply.choices[0].message.content)}


@cells.cell(*DOORS)
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    reply = complete(
        ask, reasoning_effort="high", max_tokens=8192, allowed_openai_params=["reasoning_effort"]
    )
    message = reply.choices[0].message
    return {"text": message.content, "thought": getattr(message, "reasoning_content", None)}


@cells.cell("chat")
def embeddings(ask: SimpleNamespace) -> dict[str, Any]:
    reply = litellm.embedding(
        model=f"openai/{ask.model}",
        api_base=f"{ask.base}/v1",
        api_key="any",
        input=["one", "two"],
        max_retries=0,
    )
    return {"vectors": [item["embedding"] for item in reply.data]}


@cells.cell(*DOORS)
def models(ask: SimpleNamespace) -> dict[str, Any]:
    prefix, path = ADDRESSES[ask.door]
    ids = litellm.get_valid_models(
        check_provider_endpoint=True,
        custom_llm_provider=prefix.rstrip("/"),
        api_key="any",
        # Of Google's address it adds the version itself here, and nowhere else.
        api_base=ask.base if ask.door == "gemini" else f"{ask.base}{path}",
    )
    return {"ids": [name.removeprefix(prefix) for name in ids]}


for door in DOORS:
    cells.cannot(door, "count_tokens", because="LiteLLM counts with a vocabulary of its own")

if __name__ == "__main__":
    cells.serve()
