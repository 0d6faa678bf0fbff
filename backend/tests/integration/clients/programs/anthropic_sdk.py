"""Anthropic's own SDK for Python, through messages, their counting and the list of models."""

from types import SimpleNamespace
from typing import Any

from anthropic import Anthropic
from cell_driver import (
    TOOL_DESCRIPTION,
    TOOL_NAME,
    TOOL_PARAMETERS,
    Cells,
    get_weather,
    heard,
)
from pydantic import BaseModel

cells = Cells(("anthropic",))
TOOLS = [{"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "input_schema": TOOL_PARAMETERS}]


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def client_for(ask: SimpleNamespace) -> Anthropic:
    """Give a client that repeats itself as often as is asked for."""
    return Anthropic(base_url=ask.base, api_key="any", max_retries=ask.retries, timeout=ask.timeout)


def question(ask: SimpleNamespace, **more: Any) -> dict[str, Any]:
    """What every request of these says."""
    said = [{"role": "user", "content": ask.prompt}]
    return {
        "model": ask.model,
        "max_tokens": 300,
        "system": ask.system,
        "messages": said,
    } | more


def text_of(message: Any) -> str:
    """The words of a message."""
    return "".join(block.text for block in message.content if block.type == "text")


def outcome_of(message: Any) -> dict[str, Any]:
    """The outcome of a whole message."""
    return {
        "text": text_of(message),
        "stop": message.stop_reason,
        "model": message.model,
        "usage": {"input": message.usage.input_tokens, "output": message.usage.output_tokens},
    }


@cells.cell("messages")
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    return outcome_of(client_for(ask).messages.create(**question(ask)))


@cells.cell("messages")
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask).messages.stream(**question(ask)) as events:
        came = heard(events.text_stream)
        if "error" in came:
            return came
        return outcome_of(events.get_final_message()) | came


@cells.cell("messages")
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask).messages.stream(**question(ask)) as events:
        return heard(events.text_stream, wanted=1)


def loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers."""
    said: list[Any] = [{"role": "user", "content": ask.prompt}]
    called = []
    while (message := answer(messages=said, tools=TOOLS)).stop_reason == "tool_use":
        calls = [block for block in message.content if block.type == "tool_use"]
        called += [{"name": call.name, "arguments": call.input} for call in calls]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": get_weather(**call.input)}
            for call in calls
        ]
        blocks = [
            block.model_dump(exclude_none=True, exclude={"parsed_output"})
            for block in message.content
        ]
        said += [{"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
    return {"calls": called, "text": text_of(message)}


@cells.cell("messages")
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask, lambda **more: client_for(ask).messages.create(**question(ask, **more)))


cells.found["messages", "parallel"] = tools


@cells.cell("messages")
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    def answer(**more: Any) -> Any:
        with client_for(ask).messages.stream(**question(ask, **more)) as events:
            return events.get_final_message()

    return loop(ask, answer)


@cells.cell("messages")
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    message = client_for(ask).messages.parse(**question(ask), output_format=City)
    return {"parsed": message.parsed_output and message.parsed_output.model_dump()}


@cells.cell("messages")
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    """Ask for thought, and go on from it: what was thought goes back as it came."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    more = {"thinking": thinking, "max_tokens": 2048}
    first = client_for(ask).messages.create(**question(ask, **more))
    blocks = [block.model_dump(exclude_none=True) for block in first.content]
    said = [
        {"role": "user", "content": ask.prompt},
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": "Go on."},
    ]
    second = client_for(ask).messages.create(**question(ask, messages=said, **more))
    thoughts = [block.thinking for block in first.content if block.type == "thinking"]
    return {"text": text_of(second), "thought": "".join(thoughts) or None}


@cells.cell("messages")
def count_tokens(ask: SimpleNamespace) -> dict[str, Any]:
    asked = question(ask)
    del asked["max_tokens"]
    return {"tokens": client_for(ask).messages.count_tokens(**asked).input_tokens}


@cells.cell("messages")
def models(ask: SimpleNamespace) -> dict[str, Any]:
    client = client_for(ask)
    return {
        "ids": [model.id for model in client.models.list()],
        "one": client.models.retrieve(ask.model).id,
    }


if __name__ == "__main__":
    cells.serve()
