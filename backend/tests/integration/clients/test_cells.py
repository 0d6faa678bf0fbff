"""Unmodified clients: every cell, at every door, with a model of every wire behind it."""

import asyncio

import pytest

from .asking import (
    AT_EVERY_DOOR,
    CITY,
    DOCUMENTED,
    MODELS,
    OF_EVERY_WIRE,
    PARIS,
    PROMPT,
    ROME,
    SYSTEM,
    at,
    check_done,
)
from .sent import schema_fields, sent
from .turns import INPUT_TOKENS, OUTPUT_TOKENS, SIGNATURE, Call, Turn, playing

DEAF = {("langchain", "chat"), ("llm", "chat")}
"""Those that have no place for a thought of the model."""


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_a_question_is_answered(run, upstream, client, door, model):
    upstream.play(playing(Turn(("Good", " day"))))
    outcome = await run(client, door, "plain", model=model)

    if not check_done(outcome):
        return
    assert outcome["text"] == "Good day"
    assert outcome.get("model", model) == model  # not every client tells
    assert outcome["usage"] == {"input": INPUT_TOKENS, "output": OUTPUT_TOKENS}
    (asked,) = map(sent, upstream.received)
    assert (asked.model, asked.streamed) == (f"vendor-{model}", False)
    assert (asked.system, asked.texts) == (SYSTEM, (PROMPT,))


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_an_answer_is_streamed(run, upstream, client, door, model):
    upstream.play(playing(Turn(("Good", " ", "day"), pause=0.01)))
    outcome = await run(client, door, "stream", model=model)

    if not check_done(outcome):
        return
    assert outcome["text"] == "Good day"
    assert outcome["pieces"] >= 2
    assert outcome["usage"] == {"input": INPUT_TOKENS, "output": OUTPUT_TOKENS}
    (asked,) = map(sent, upstream.received)
    assert (asked.model, asked.streamed) == (f"vendor-{model}", True)
    assert (asked.system, asked.texts) == (SYSTEM, (PROMPT,))


@OF_EVERY_WIRE
@AT_EVERY_DOOR
@pytest.mark.parametrize("cell", ["tools", "tools_streamed"])
async def test_a_tool_is_called_and_its_result_is_answered(
    run, upstream, client, door, model, cell
):
    upstream.play(playing(Turn(calls=(PARIS,))), playing(Turn(("It is 21 degrees.",))))
    outcome = await run(client, door, cell, model=model)

    if not check_done(outcome):
        return
    assert outcome["calls"] == [{"name": "get_weather", "arguments": {"city": "Paris"}}]
    assert outcome["text"] == "It is 21 degrees."
    first, second = map(sent, upstream.received)
    assert first.tools == second.tools == ("get_weather",)
    assert [schema_fields(schema) for schema in first.parameters] == [{"city"}]
    assert (first.calls, first.results) == ((), ())
    (id_,) = second.calls
    assert [(call, "21 degrees in Paris" in said) for call, said in second.results] == [(id_, True)]


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_two_tools_are_called_at_once(run, upstream, client, door, model):
    upstream.play(playing(Turn(("Let me see.",), calls=(PARIS, ROME))), playing(Turn(("Warm.",))))
    outcome = await run(client, door, "parallel", model=model)

    if not check_done(outcome):
        return
    cities = [call["arguments"]["city"] for call in outcome["calls"]]
    assert cities == ["Paris", "Rome"]
    assert outcome["text"].endswith("Warm.")  # some tell what was said beside the calls, too
    _, second = map(sent, upstream.received)
    assert len(second.calls) == len(set(second.calls)) == 2
    assert [call for call, _ in second.results] == list(second.calls)
    assert ["Paris" in said for _, said in second.results] == [True, False]


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_structured_output_is_what_the_clients_own_helper_wants(
    run, upstream, client, door, model
):
    said = Turn(('{"name": "Paris", ', '"population": 2048472}'))

    def as_asked(received):
        # Where a client does not know the model's name, it may ask by way of a tool.
        named = sent(received).tools
        return Turn(calls=(Call("call_city", CITY, named[0]),)) if named else said

    upstream.play(playing(as_asked))
    outcome = await run(client, door, "schema", model=model)

    if not check_done(outcome):
        return
    assert outcome["parsed"] == CITY
    (asked,) = map(sent, upstream.received)
    (schema,) = asked.parameters or (asked.schema,)
    assert schema_fields(schema) == set(CITY)


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_a_wish_for_reasoning_arrives_and_the_thought_comes_back(
    run, upstream, client, door, model
):
    upstream.play(playing(Turn(("To port.",), thought="Boats rest.")))
    outcome = await run(client, door, "reasoning", model=model)

    if not check_done(outcome):
        return
    assert outcome["text"] == "To port."
    asked = [sent(received) for received in upstream.received]
    assert all(request.thinks for request in asked)
    if model != "gpt" and (client, door) not in DEAF:  # chat completions tell no thought
        assert outcome["thought"] == "Boats rest."
    if model == "claude" and client.startswith("anthropic"):  # these say the thought again
        assert asked[-1].thoughts == (("Boats rest.", SIGNATURE),)


@OF_EVERY_WIRE
@AT_EVERY_DOOR
async def test_leaving_a_stream_ends_the_vendors_call(run, upstream, client, door, model):
    upstream.play(playing(Turn(("and so on, ",) * 200, pause=0.05)))  # for ten seconds
    outcome = await run(client, door, "cancel", model=model)

    if not check_done(outcome):
        return
    assert outcome["pieces"] == 1
    async with asyncio.timeout(1):
        await upstream.closed_by_peer.wait()


@at("chat", "messages", "gemini")
async def test_the_models_are_listed(run, upstream, client, door):
    outcome = await run(client, door, "models", model="gpt")

    if not check_done(outcome):
        return
    assert outcome["ids"] == [*MODELS, *DOCUMENTED]
    assert outcome.get("one", "gpt") == "gpt"  # not every client asks for one alone
    assert upstream.received == []
