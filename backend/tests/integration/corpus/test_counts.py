"""Tokens that vendors counted: what they were asked, and what they said, held against ours."""

import base64
import json
from typing import Final
from urllib.parse import unquote

import pytest

from dragoman.chat import Category, ChatRequest, LLMServiceError, Text
from dragoman.services.counting import Counted, count_tokens, estimate
from dragoman.wire import anthropic_messages, bedrock_converse, gemini, openai_responses

from .asides import Aside, Replay, asides, candidate_of

READERS: Final = {
    "anthropic": anthropic_messages.read_request,
    "bedrock": bedrock_converse.read_request,
    "google": gemini.read_request,
    "openai": openai_responses.read_request,
}
# What Bedrock calls the number; all others say it in the same word.
NUMBERS: Final = ("input_tokens", "totalTokens", "inputTokens")

# A region before the name of a model, which the route that counts does not know.
REGION: Final = "/model/us."


def question_of(recording: Aside) -> ChatRequest:
    """Read the question that was counted, by the format that it was put in."""
    body = recording.asked
    match body:
        case {"input": {"invokeModel": {"body": str(packed)}}}:
            return anthropic_messages.read_request(
                json.dumps({"model": "m"} | json.loads(base64.b64decode(packed))).encode()
            )
        case {"input": {"converse": {**converse}}}:
            return bedrock_converse.read_request(json.dumps(converse).encode())
        case _:
            return READERS[recording.provider](recording.request)


@asides("count")
async def test_the_vendor_is_asked_where_and_what_was_recorded(recording: Aside):
    replay = Replay(recording)
    question = question_of(recording)
    if recording.status == 404:
        with pytest.raises(LLMServiceError):
            await count_tokens(question, candidate_of(recording, replay))
    else:
        await count_tokens(question, candidate_of(recording, replay))

    (sent,) = replay.sent
    path = unquote(recording.path).replace(REGION, "/model/")
    assert (sent.method, unquote(sent.url)) == ("POST", f"https://{recording.host}{path}")
    match recording.provider:
        case "google":
            inside = {"model": f"models/{recording.model}", **recording.asked}
            assert sent.json == {"generateContentRequest": inside}
        case "bedrock":
            counted = bedrock_converse.read_request(
                json.dumps(sent.json["input"]["converse"]).encode()
            )
            assert said(counted) == said(question)
        case _:
            assert sent.json == recording.asked


def said(request: ChatRequest) -> list[tuple[str, list[str]]]:
    """Give the words of a question, whoever's format they are in."""
    system = [part.text for part in request.system if isinstance(part, Text)]
    spoken = [
        (message.role, [part.text for part in message.parts if isinstance(part, Text)])
        for message in request.messages
    ]
    return [("system", system), *spoken]


@asides("count", status=200)
async def test_the_number_is_the_vendors_and_no_guess(recording: Aside):
    counted = await count_tokens(question_of(recording), candidate_of(recording, Replay(recording)))

    (number,) = [recording.told[name] for name in NUMBERS if name in recording.told]
    assert counted == Counted(number)


@asides("count", status=404)
async def test_a_model_that_the_vendor_does_not_know_is_said(recording: Aside):
    with pytest.raises(LLMServiceError) as caught:
        await count_tokens(question_of(recording), candidate_of(recording, Replay(recording)))

    assert caught.value.category is Category.MODEL_NOT_FOUND
    assert caught.value.model == "ours"


@asides("count", status=400)
async def test_a_model_that_the_vendor_does_not_count_for_is_guessed(recording: Aside):
    question = question_of(recording)

    counted = await count_tokens(question, candidate_of(recording, Replay(recording)))

    assert counted.input_tokens == estimate(question)
    assert [receipt.action for receipt in counted.receipts] == ["emulated"]
