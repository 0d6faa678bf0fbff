"""OpenAI's own SDK for Python, through chat completions, responses, embeddings and models."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from cell_driver import (
    TOOL_DESCRIPTION,
    TOOL_NAME,
    TOOL_PARAMETERS,
    WEATHER,
    Cells,
    get_weather,
    heard,
)
from openai import OpenAI
from pydantic import BaseModel

cells = Cells(("openai",))
FUNCTION = {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "parameters": TOOL_PARAMETERS}
CHAT_TOOLS = [{"type": "function", "function": FUNCTION}]
RESPONSES_TOOLS = [{"type": "function", "strict": True, **FUNCTION}]


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def client_for(ask: SimpleNamespace) -> OpenAI:
    """Give a client that repeats itself as often as is asked for."""
    return OpenAI(
        base_url=f"{ask.base}/v1", api_key="any", max_retries=ask.retries, timeout=ask.timeout
    )


def messages_of(ask: SimpleNamespace) -> list[dict[str, Any]]:
    """The question, after a word from the system."""
    return [{"role": "system", "content": ask.system}, {"role": "user", "content": ask.prompt}]


def chat_usage(usage: Any) -> dict[str, int] | None:
    """Count as every client's outcome does."""
    return usage and {"input": usage.prompt_tokens, "output": usage.completion_tokens}


def responses_usage(usage: Any) -> dict[str, int] | None:
    """Count as every client's outcome does."""
    return usage and {"input": usage.input_tokens, "output": usage.output_tokens}


def chat_calls(message: Any) -> list[dict[str, Any]]:
    """The calls of tools in a message."""
    return [
        {"name": call.function.name, "arguments": json.loads(call.function.arguments)}
        for call in message.tool_calls or []
    ]


@cells.cell("chat")
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    reply = client_for(ask).chat.completions.create(
        model=ask.model, messages=messages_of(ask), temperature=0.5, max_completion_tokens=300
    )
    (choice,) = reply.choices
    return {
        "text": choice.message.content,
        "stop": choice.finish_reason,
        "model": reply.model,
        "usage": chat_usage(reply.usage),
    }


@cells.cell("chat")
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    came: dict[str, Any] = {}

    def texts() -> Iterator[str]:
        chunks = client_for(ask).chat.completions.create(
            model=ask.model,
            messages=messages_of(ask),
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in chunks:
            came["model"] = chunk.model
            if chunk.usage:
                came["usage"] = chat_usage(chunk.usage)
            for choice in chunk.choices:
                came["stop"] = choice.finish_reason
                yield choice.delta.content or ""

    return heard(texts()) | came


@cells.cell("chat")
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    with client_for(ask).chat.completions.create(
        model=ask.model, messages=messages_of(ask), stream=True
    ) as chunks:
        texts = (choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        return heard(texts, wanted=1)


@cells.cell("chat")
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    def answer(messages: list[Any]) -> Any:
        return client_for(ask).chat.completions.create(
            model=ask.model, messages=messages, tools=CHAT_TOOLS
        )

    return chat_loop(ask, lambda messages: answer(messages).choices[0])


@cells.cell("chat")
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    def answer(messages: list[Any]) -> Any:
        with client_for(ask).chat.completions.stream(
            model=ask.model, messages=messages, tools=CHAT_TOOLS
        ) as events:
            return events.get_final_completion().choices[0]

    return chat_loop(ask, answer)


def chat_loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers."""
    messages: list[Any] = messages_of(ask)
    called = []
    while (choice := answer(messages)).message.tool_calls:
        assert choice.finish_reason == "tool_calls", choice.finish_reason
        called += chat_calls(choice.message)
        messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
        for call in choice.message.tool_calls:
            city = json.loads(call.function.arguments)["city"]
            said = {"role": "tool", "tool_call_id": call.id, "content": get_weather(city)}
            messages.append(said)
    return {"calls": called, "text": choice.message.content}


cells.found["chat", "parallel"] = tools


@cells.cell("chat")
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    reply = client_for(ask).chat.completions.parse(
        model=ask.model, messages=messages_of(ask), response_format=City
    )
    parsed = reply.choices[0].message.parsed
    return {"parsed": parsed and parsed.model_dump()}


@cells.cell("chat")
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    reply = client_for(ask).chat.completions.create(
        model=ask.model, messages=messages_of(ask), reasoning_effort="high"
    )
    details = reply.usage and reply.usage.completion_tokens_details
    return {
        "text": reply.choices[0].message.content,
        "thought": getattr(reply.choices[0].message, "reasoning_content", None),
        "reasoning_tokens": details and details.reasoning_tokens,
    }


@cells.cell("chat")
def models(ask: SimpleNamespace) -> dict[str, Any]:
    client = client_for(ask)
    return {
        "ids": [model.id for model in client.models.list()],
        "one": client.models.retrieve(ask.model).id,
    }


@cells.cell("chat")
def embeddings(ask: SimpleNamespace) -> dict[str, Any]:
    reply = client_for(ask).embeddings.create(model=ask.model, input=["one", "two"])
    return {
        "vectors": [item.embedding for item in reply.data],
        "usage": {"input": reply.usage.prompt_tokens},
    }


def response_of(reply: Any) -> dict[str, Any]:
    """The outcome of a whole response."""
    return {
        "text": reply.output_text,
        "stop": reply.status,
        "model": reply.model,
        "usage": responses_usage(reply.usage),
    }


def respond(ask: SimpleNamespace, **more: Any) -> Any:
    """Ask through the responses API."""
    wanted = {"model": ask.model, "instructions": ask.system, "input": ask.prompt}
    return client_for(ask).responses.create(**(wanted | more))


def responses_plain(ask: SimpleNamespace) -> dict[str, Any]:
    """Ask and wait."""
    return response_of(respond(ask, temperature=0.5, max_output_tokens=300))


def response_texts(events: Any, came: dict[str, Any]) -> Iterator[str]:
    """Give the texts of a stream, and keep how it ended."""
    for event in events:
        match event.type:
            case "response.output_text.delta":
                yield event.delta
            case "response.completed" | "response.incomplete":
                came |= response_of(event.response)
            case "response.failed":
                wrong = event.response.error
                came |= {"outcome": "told", "error": event.type, "code": wrong and wrong.code}
            case "error":
                came |= {"outcome": "told", "error": event.type, "code": event.code}


def responses_stream(ask: SimpleNamespace) -> dict[str, Any]:
    """Ask and listen."""
    came: dict[str, Any] = {}
    return heard(response_texts(respond(ask, stream=True), came)) | came


def responses_cancel(ask: SimpleNamespace) -> dict[str, Any]:
    """Leave in the middle."""
    with respond(ask, stream=True) as events:
        return heard(response_texts(events, {}), wanted=1)


def responses_loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers; nothing is stored."""
    said: list[Any] = [{"role": "user", "content": ask.prompt}]
    called = []
    while True:
        reply = answer(input=said, tools=RESPONSES_TOOLS, store=False)
        calls = [item for item in reply.output if item.type == "function_call"]
        if not calls:
            return {"calls": called, "text": reply.output_text}
        said += [
            item.model_dump(exclude_none=True, exclude={"parsed_arguments", "status"})
            for item in reply.output
        ]
        for call in calls:
            arguments = json.loads(call.arguments)
            called.append({"name": call.name, "arguments": arguments})
            result = {"type": "function_call_output", "call_id": call.call_id}
            said.append(result | {"output": get_weather(arguments["city"])})


def responses_tools(ask: SimpleNamespace) -> dict[str, Any]:
    """Call tools, each answer whole."""
    return responses_loop(ask, lambda **more: respond(ask, **more))


def responses_tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    """Call tools, each answer streamed."""

    def answer(**more: Any) -> Any:
        with client_for(ask).responses.stream(
            model=ask.model, instructions=ask.system, **more
        ) as events:
            return events.get_final_response()

    return responses_loop(ask, answer)


def responses_schema(ask: SimpleNamespace) -> dict[str, Any]:
    """Have a model of Pydantic filled in."""
    reply = client_for(ask).responses.parse(
        model=ask.model, instructions=ask.system, input=ask.prompt, text_format=City
    )
    return {"parsed": reply.output_parsed and reply.output_parsed.model_dump()}


def responses_reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    """Ask for an effort, and for a summary of the thought."""
    reply = respond(ask, reasoning={"effort": "high", "summary": "auto"})
    thoughts = [
        part.text
        for item in reply.output
        if item.type == "reasoning"
        for part in [*item.summary, *(item.content or [])]
    ]
    details = reply.usage and reply.usage.output_tokens_details
    return {
        "text": reply.output_text,
        "thought": "".join(thoughts) or None,
        "reasoning_tokens": details and details.reasoning_tokens,
    }


def continued(ask: SimpleNamespace) -> dict[str, Any]:
    """Go on from a stored response, call a tool in it, look at it and delete it."""
    client = client_for(ask)
    first = respond(ask, tools=RESPONSES_TOOLS)
    (call,) = (item for item in first.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": WEATHER["Paris"]}
    second = respond(ask, input=[result], previous_response_id=first.id)
    stored = client.responses.retrieve(second.id)
    client.responses.delete(second.id)
    return {
        "text": second.output_text,
        "stored": stored.output_text,
        "previous": second.previous_response_id == first.id,
    }


cells.found |= {
    ("responses", name): function
    for name, function in {
        "plain": responses_plain,
        "stream": responses_stream,
        "cancel": responses_cancel,
        "tools": responses_tools,
        "tools_streamed": responses_tools_streamed,
        "parallel": responses_tools,
        "schema": responses_schema,
        "reasoning": responses_reasoning,
        "continued": continued,
    }.items()
}

if __name__ == "__main__":
    cells.serve()
