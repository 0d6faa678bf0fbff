"""Unmodified clients: each class of failure is the exception that the client has for it."""

from typing import Any

import pytest

from .asking import DOORS, MODELS, OWN, at
from .expected import EXPECTED
from .failures import BEFORE, BROKEN, MIDWAY, REFUSED_KEY
from .turns import Turn, playing


def models_for(client: str, door: str) -> list[str]:
    """Give the models that a client's failures are tried with."""
    if client in OWN:
        return list(MODELS)
    return ["gpt" if door == "messages" else "claude"]


CASES = [(client, door, model) for client, door in DOORS for model in models_for(client, door)]
EVERYWHERE = pytest.mark.parametrize(
    ("client", "door", "model"), CASES, ids=[" ".join(case) for case in CASES]
)


def expected(client: str, door: str, failure: str, cell: str = "") -> str:
    """Give the name of the exception, and its status if it has one."""
    special = EXPECTED.get((client, f"{door} {cell}"), {})
    return special.get(failure) or EXPECTED[client, door][failure]


def seen(outcome: dict[str, Any]) -> str:
    """Name what was raised like `expected` does."""
    status = outcome.get("status")
    return f"{outcome['error']} {status}" if status else str(outcome["error"])


@EVERYWHERE
@pytest.mark.parametrize("cell", ["plain", "stream"])
@pytest.mark.parametrize("failure", BEFORE)
async def test_a_failure_before_the_answer_has_its_own_exception(
    run, upstream, client, door, model, cell, failure
):
    upstream.play(playing(BEFORE[failure]))
    outcome = await run(client, door, cell, model=model, column=f"!{failure}")

    assert outcome["outcome"] == "raised", outcome
    assert not outcome.get("text")
    assert seen(outcome) == expected(client, door, failure, cell)
    assert "canary" not in str(outcome)
    if client in OWN:
        assert outcome["request_id"] or client == "google-genai"  # it looks for none
        assert failure != "rate limit" or outcome["retry_after"] == "200"


@EVERYWHERE
async def test_a_model_that_nobody_knows_has_its_own_exception(run, upstream, client, door, model):
    outcome = await run(client, door, "plain", model=f"no-{model}", column="!no such model here")

    assert outcome["outcome"] == "raised", outcome
    assert seen(outcome) == expected(client, door, "no such model here")
    assert upstream.received == []


@EVERYWHERE
@pytest.mark.parametrize("failure", MIDWAY)
async def test_a_failure_in_mid_stream_is_never_taken_for_an_end(
    run, upstream, client, door, model, failure
):
    upstream.play(playing(MIDWAY[failure]))
    outcome = await run(client, door, "stream", model=model, column=f"!{failure}")

    assert outcome["outcome"] in ("raised", "told"), outcome
    assert outcome["text"] in ("Good day", "")
    assert seen(outcome) == expected(client, door, failure)


@at("chat", "responses", "messages", clients=OWN)
async def test_a_client_asks_again_only_where_that_can_help(run, upstream, client, door):
    column = "asks again"
    asking = {"model": "gpt", "retries": 2, "column": column}
    upstream.play(playing(BEFORE[REFUSED_KEY]), playing(Turn(("Good", " day"))))
    refused = await run(client, door, "plain", **asking)
    in_vain = len(upstream.received)
    upstream.play(playing(BEFORE[BROKEN]), playing(Turn(("Good", " day"))))
    mended = await run(client, door, "plain", **asking)

    assert (refused["outcome"], in_vain) == ("raised", 1)
    assert mended["text"] == "Good day"
    assert len(upstream.received) == in_vain + 2
