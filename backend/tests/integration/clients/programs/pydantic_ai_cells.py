"""Pydantic AI: an agent whose model is each of its vendors', at the door of that vendor."""

import asyncio
from types import SimpleNamespace
from typing import Any

from anthropic import AsyncAnthropic
from cell_driver import Cells, describe, get_weather
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, Embedder, NativeOutput
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.messages import ModelRequest, ThinkingPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.profiles.anthropic import AnthropicModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

cells = Cells(("pydantic-ai-slim", "openai", "anthropic", "google-genai"))
DOORS = ("chat", "responses", "messages", "gemini")

THINKING: dict[str, dict[str, Any]] = {
    "chat": {"openai_reasoning_effort": "high"},
    "responses": {"openai_reasoning_effort": "high", "openai_reasoning_summary": "auto"},
    "messages": {"anthropic_thinking": {"type": "enabled", "budget_tokens": 1024}},
    "gemini": {"google_thinking_config": {"include_thoughts": True, "thinking_budget": 1024}},
}


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def openai_provider(ask: SimpleNamespace) -> OpenAIProvider:
    """OpenAI's client at this address; it does not repeat itself."""
    client = AsyncOpenAI(
        base_url=f"{ask.base}/v1", api_key="any", max_retries=0, timeout=ask.timeout
    )
    return OpenAIProvider(openai_client=client)


def anthropic_provider(ask: SimpleNamespace) -> AnthropicProvider:
    """Anthropic's client at this address; it does not repeat itself."""
    client = AsyncAnthropic(base_url=ask.base, api_key="any", max_retries=0, timeout=ask.timeout)
    return AnthropicProvider(anthropic_client=client)


def model_for(ask: SimpleNamespace) -> Model:
    """Give the model that knocks at the door."""
    match ask.door:
        case "chat":
            return OpenAIChatModel(ask.model, provider=openai_provider(ask))
        case "responses":
            return OpenAIResponsesModel(ask.model, provider=openai_provider(ask))
        case "messages":
            # It knows by the model's name what a model can; it does not know this one's.
            return AnthropicModel(
                ask.model,
                provider=anthropic_provider(ask),
                profile=AnthropicModelProfile(supports_json_schema_output=True),
            )
        case _:
            return GoogleModel(ask.model, provider=GoogleProvider(api_key="any", base_url=ask.base))


def agent_for(ask: SimpleNamespace, **more: Any) -> Agent[None, Any]:
    """Give an agent that says the word from the system first."""
    return Agent(model_for(ask), instructions=ask.system, **more)


def usage_of(usage: Any) -> dict[str, int]:
    """Count as every client's outcome does."""
    return {"input": usage.input_tokens, "output": usage.output_tokens}


def calls_in(messages: list[Any]) -> list[dict[str, Any]]:
    """The calls of tools in a conversation."""
    return [
        {"name": part.tool_name, "arguments": part.args_as_dict()}
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]


@cells.cell(*DOORS)
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    settings = {"max_tokens": 300}
    result = agent_for(ask).run_sync(ask.prompt, model_settings=settings)
    last = result.all_messages()[-1]
    return {
        "text": result.output,
        "stop": last.finish_reason,
        "model": last.model_name,
        "usage": usage_of(last.usage),
    }


async def listen(ask: SimpleNamespace, agent: Agent[None, Any], *, wanted: int = 0) -> Any:
    """Read a stream to its end, or only `wanted` texts, and on an error tell both."""
    texts: list[str] = []
    try:
        async with agent.run_stream(ask.prompt) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                texts.append(text)
                if wanted and len(texts) >= wanted:
                    break
            if wanted:
                return {"pieces": len(texts)}
            last = result.all_messages()[-1]
            return {
                "text": "".join(texts),
                "pieces": len(texts),
                "model": last.model_name,
                "usage": usage_of(last.usage),
                "calls": calls_in(result.all_messages()),
            }
    except Exception as error:  # noqa: BLE001 - whatever a client raises is what is looked for
        return {"outcome": "raised", "text": "".join(texts), **describe(error)}


@cells.cell(*DOORS)
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    return asyncio.run(listen(ask, agent_for(ask)))


@cells.cell(*DOORS)
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    return asyncio.run(listen(ask, agent_for(ask), wanted=1))


@cells.cell(*DOORS)
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    result = agent_for(ask, tools=[get_weather]).run_sync(ask.prompt)
    return {"calls": calls_in(result.all_messages()), "text": result.output}


@cells.cell(*DOORS)
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    return asyncio.run(listen(ask, agent_for(ask, tools=[get_weather])))


for door in DOORS:
    cells.found[door, "parallel"] = tools


@cells.cell(*DOORS)
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    result = agent_for(ask, output_type=NativeOutput(City)).run_sync(ask.prompt)
    return {"parsed": result.output.model_dump()}


@cells.cell(*DOORS)
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    settings = {"max_tokens": 2048, **THINKING[ask.door]}
    result = agent_for(ask).run_sync(ask.prompt, model_settings=settings)
    parts = result.all_messages()[-1].parts
    thoughts = [part.content for part in parts if isinstance(part, ThinkingPart)]
    return {"text": result.output, "thought": "".join(thoughts) or None}


@cells.cell("responses")
def continued(ask: SimpleNamespace) -> dict[str, Any]:
    settings = {"openai_previous_response_id": "auto"}
    result = agent_for(ask, tools=[get_weather]).run_sync(ask.prompt, model_settings=settings)
    return {"text": result.output}


@cells.cell("messages", "gemini")
def count_tokens(ask: SimpleNamespace) -> dict[str, Any]:
    said = [ModelRequest(parts=[UserPromptPart(ask.prompt)])]
    counted = model_for(ask).count_tokens(said, None, ModelRequestParameters())
    return {"tokens": asyncio.run(counted).input_tokens}


for door in DOORS:
    cells.cannot(door, "models", because="Pydantic AI has no call that lists models")


@cells.cell("chat")
def embeddings(ask: SimpleNamespace) -> dict[str, Any]:
    embedder = Embedder(OpenAIEmbeddingModel(ask.model, provider=openai_provider(ask)))
    result = embedder.embed_documents_sync(["one", "two"])
    return {"vectors": [list(vector) for vector in result.embeddings]}


if __name__ == "__main__":
    cells.serve()
