"""Unmodified clients: counting tokens, embeddings, and responses that are stored."""

from .asking import OF_EVERY_WIRE, PARIS, PROMPT, at, check_done
from .sent import sent
from .turns import COUNTED, VECTORS, Turn, playing


@at("messages", "gemini")
@OF_EVERY_WIRE
async def test_tokens_are_counted(run, upstream, client, door, model):
    upstream.play(playing(Turn()))
    outcome = await run(client, door, "count_tokens", model=model)

    if not check_done(outcome):
        return
    assert outcome["tokens"] == COUNTED
    (asked,) = map(sent, upstream.received)
    assert (asked.model, asked.texts) == (f"vendor-{model}", (PROMPT,))


@at("chat")
async def test_texts_are_embedded(run, upstream, client, door):
    upstream.play(playing(Turn()))
    outcome = await run(client, door, "embeddings", model="gpt")

    if not check_done(outcome):
        return
    assert outcome["vectors"] == VECTORS
    (asked,) = map(sent, upstream.received)
    assert (asked.model, asked.texts) == ("vendor-gpt", ("one", "two"))


@at("responses")
@OF_EVERY_WIRE
async def test_a_stored_response_is_continued(run, upstream, client, door, model):
    upstream.play(playing(Turn(calls=(PARIS,))), playing(Turn(("Warm.",))))
    outcome = await run(client, door, "continued", model=model)

    if not check_done(outcome):
        return
    assert outcome["text"] == "Warm."
    if client.startswith("openai"):  # others go on from what is stored, and never look at it
        assert (outcome["stored"], outcome["previous"]) == ("Warm.", True)
    _, second = map(sent, upstream.received)
    assert second.texts == (PROMPT,)
    assert [call for call, _ in second.results] == list(second.calls)
