"""Google's own SDK for Python, through generateContent, its stream and countTokens."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from cell_driver import (
    TOOL_DESCRIPTION,
    TOOL_NAME,
    TOOL_PARAMETERS,
    Cells,
    get_weather,
    heard,
)
from google import genai
from google.genai import types
from pydantic import BaseModel

cells = Cells(("google-genai",))
TOOLS = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name=TOOL_NAME,
                description=TOOL_DESCRIPTION,
                parameters_json_schema=TOOL_PARAMETERS,
            )
        ]
    )
]


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def client_for(ask: SimpleNamespace) -> genai.Client:
    """Give a client that asks at this address."""
    options = types.HttpOptions(base_url=ask.base, timeout=round(ask.timeout * 1000))
    return genai.Client(api_key="any", http_options=options)


def config_for(ask: SimpleNamespace, **more: Any) -> types.GenerateContentConfig:
    """What every request of these says beside the question."""
    return types.GenerateContentConfig(system_instruction=ask.system, **more)


def usage_of(reply: Any) -> dict[str, int] | None:
    """Count as every client's outcome does: thoughts are output, too."""
    usage = reply.usage_metadata
    if usage is None:
        return None
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    return {"input": usage.prompt_token_count, "output": output}


def outcome_of(reply: Any) -> dict[str, Any]:
    """The outcome of a whole reply."""
    finish = reply.candidates[0].finish_reason if reply.candidates else None
    return {
        "text": reply.text,
        "stop": finish and finish.value,
        "model": reply.model_version,
        "usage": usage_of(reply),
    }


@cells.cell("gemini")
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:
        reply = client.models.generate_content(
            model=ask.model,
            contents=ask.prompt,
            config=config_for(ask, temperature=0.5, max_output_tokens=300),
        )
        return outcome_of(reply)


@cells.cell("gemini")
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    came: dict[str, Any] = {}

    def texts(client: genai.Client) -> Iterator[str]:
        for chunk in client.models.generate_content_stream(
            model=ask.model, contents=ask.prompt, config=config_for(ask)
        ):
            came.update(outcome_of(chunk))
            yield chunk.text or ""

    with client_for(ask) as client:
        told = heard(texts(client))
    return came | told


@cells.cell("gemini")
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:
        chunks = client.models.generate_content_stream(
            model=ask.model, contents=ask.prompt, config=config_for(ask)
        )
        told = heard((chunk.text or "" for chunk in chunks), wanted=1)
        chunks.close()
        return told


def loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers."""
    said = [types.Content(role="user", parts=[types.Part(text=ask.prompt)])]
    called = []
    while (reply := answer(said))[0]:
        calls, content = reply[0], reply[1]
        called += [{"name": call.name, "arguments": call.args} for call in calls]
        results = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"result": get_weather(**call.args)}
                )
            )
            for call in calls
        ]
        said += [content, types.Content(role="user", parts=results)]
    return {"calls": called, "text": reply[2]}


@cells.cell("gemini")
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:

        def answer(said: list[types.Content]) -> Any:
            reply = client.models.generate_content(
                model=ask.model, contents=said, config=config_for(ask, tools=TOOLS)
            )
            return reply.function_calls, reply.candidates[0].content, reply.text

        return loop(ask, answer)


cells.found["gemini", "parallel"] = tools


@cells.cell("gemini")
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:

        def answer(said: list[types.Content]) -> Any:
            parts = [
                part
                for chunk in client.models.generate_content_stream(
                    model=ask.model, contents=said, config=config_for(ask, tools=TOOLS)
                )
                for part in (chunk.candidates or [])[0].content.parts or []
            ]
            calls = [part.function_call for part in parts if part.function_call]
            text = "".join(part.text or "" for part in parts)
            return calls, types.Content(role="model", parts=parts), text

        return loop(ask, answer)


@cells.cell("gemini")
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:
        reply = client.models.generate_content(
            model=ask.model,
            contents=ask.prompt,
            config=config_for(ask, response_mime_type="application/json", response_schema=City),
        )
        return {"parsed": reply.parsed and reply.parsed.model_dump()}


@cells.cell("gemini")
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
    with client_for(ask) as client:
        reply = client.models.generate_content(
            model=ask.model,
            contents=ask.prompt,
            config=config_for(ask, thinking_config=thinking),
        )
        parts = reply.candidates[0].content.parts
        thoughts = "".join(part.text or "" for part in parts if part.thought)
        usage = reply.usage_metadata
        return {
            "text": "".join(part.text or "" for part in parts if not part.thought),
            "thought": thoughts or None,
            "reasoning_tokens": usage and usage.thoughts_token_count,
        }


@cells.cell("gemini")
def count_tokens(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:
        reply = client.models.count_tokens(model=ask.model, contents=ask.prompt)
        return {"tokens": reply.total_tokens}


@cells.cell("gemini")
def models(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask) as client:
        ids = [(model.name or "").removeprefix("models/") for model in client.models.list()]
        one = client.models.get(model=ask.model).name or ""
        return {"ids": ids, "one": one.removeprefix("models/")}


if __name__ == "__main__":
    cells.serve()
