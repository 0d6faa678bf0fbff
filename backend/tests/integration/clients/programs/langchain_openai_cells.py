"""LangChain's integration of OpenAI, through chat completions and through responses."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from cell_driver import Cells, get_weather, heard
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

cells = Cells(("langchain-openai", "langchain-core"))
weather = tool(get_weather)


class City(BaseModel):
    """What is asked for as structured output."""

    name: str
    population: int


def model_for(ask: SimpleNamespace, **more: Any) -> ChatOpenAI:
    """Give a model of the door's API that does not repeat itself."""
    return ChatOpenAI(
        base_url=f"{ask.base}/v1",
        api_key="any",
        model=ask.model,
        max_retries=0,
        timeout=ask.timeout,
        use_responses_api=ask.door == "responses",
        **more,
    )


def messages_of(ask: SimpleNamespace) -> list[Any]:
    """The question, after a word from the system."""
    return [SystemMessage(ask.system), HumanMessage(ask.prompt)]


def outcome_of(message: Any) -> dict[str, Any]:
    """The outcome of a whole message."""
    usage = message.usage_metadata
    told = message.response_metadata
    return {
        "text": message.text,
        "stop": told.get("finish_reason") or told.get("status"),
        "model": told.get("model_name") or told.get("model"),
        "usage": usage and {"input": usage["input_tokens"], "output": usage["output_tokens"]},
    }


@cells.cell("chat", "responses")
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    model = model_for(ask, temperature=0.5, max_tokens=300)
    return outcome_of(model.invoke(messages_of(ask)))


@cells.cell("chat", "responses")
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    folded: list[Any] = []

    def texts() -> Iterator[str]:
        for chunk in model_for(ask, stream_usage=True).stream(messages_of(ask)):
            folded[:] = [folded[0] + chunk] if folded else [chunk]
            yield chunk.text

    told = heard(texts())
    return (outcome_of(folded[0]) if folded else {}) | told


@cells.cell("chat", "responses")
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    chunks = model_for(ask).stream(messages_of(ask))
    told = heard((chunk.text for chunk in chunks), wanted=1)
    chunks.close()
    return told


def loop(ask: SimpleNamespace, answer: Any) -> dict[str, Any]:
    """Call what the model wants to have called until it answers."""
    model = model_for(ask).bind_tools([weather])
    messages = messages_of(ask)
    called = []
    while (message := answer(model, messages)).tool_calls:
        called += [{"name": x["name"], "arguments": x["args"]} for x in message.tool_calls]
        messages += [message, *(weather.invoke(call) for call in message.tool_calls)]
        assert isinstance(messages[-1], ToolMessage)
    return {"calls": called, "text": message.text}


@cells.cell("chat", "responses")
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask, lambda model, messages: model.invoke(messages))


@cells.cell("chat", "responses")
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    def answer(model: Any, messages: list[Any]) -> Any:
        first, *more = model.stream(messages)
        for chunk in more:
            first += chunk
        return first

    return loop(ask, answer)


for door in ("chat", "responses"):
    cells.found[door, "parallel"] = tools


@cells.cell("chat", "responses")
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    parsed = model_for(ask).with_structured_output(City).invoke(messages_of(ask))
    return {"parsed": parsed.model_dump()}


@cells.cell("chat", "responses")
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    wish = (
        {"reasoning_effort": "high"}
        if ask.door == "chat"
        else {"reasoning": {"effort": "high", "summary": "auto"}}
    )
    message = model_for(ask, **wish).invoke(messages_of(ask))
    thoughts = [x["reasoning"] for x in message.content_blocks if x["type"] == "reasoning"]
    details = (message.usage_metadata or {}).get("output_token_details") or {}
    return {
        "text": message.text,
        "thought": "".join(thoughts) or None,
        "reasoning_tokens": details.get("reasoning"),
    }


@cells.cell("responses")
def continued(ask: SimpleNamespace) -> dict[str, Any]:
    model = model_for(ask, use_previous_response_id=True).bind_tools([weather])
    messages = messages_of(ask)
    first = model.invoke(messages)
    messages += [first, *(weather.invoke(call) for call in first.tool_calls)]
    return {"text": model.invoke(messages).text}


@cells.cell("chat")
def embeddings(ask: SimpleNamespace) -> dict[str, Any]:
    # Its own count of tokens fetches a vocabulary from elsewhere, at any address.
    model = OpenAIEmbeddings(
        base_url=f"{ask.base}/v1",
        api_key="any",
        model=ask.model,
        max_retries=0,
        check_embedding_ctx_length=False,
    )
    return {"vectors": model.embed_documents(["one", "two"])}


for door in ("chat", "responses"):
    cells.cannot(door, "models", because="LangChain has no call that lists models")

if __name__ == "__main__":
    cells.serve()
