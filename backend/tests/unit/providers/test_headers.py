"""Which headers go on to a provider, and which come back from it."""

import pytest

from dragoman.chat import Extras, LLMServiceError
from dragoman.services.llm_service import get_ai_response, stream_ai_response
from dragoman.services.providers import AnthropicProvider, OpenAIProvider
from dragoman.testing.upstream import streamed, whole
from tests.support.tapes import anthropic_whole, openai_stream, openai_whole, sse
from tests.unit.providers.asked import KEY, asking, exchange, world

ANTHROPIC = "anthropic_messages"


def bringing(wire: str = ANTHROPIC, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asking(wire, headers=Extras(wire, named))


async def sent(provider, request) -> dict[str, str]:
    body = anthropic_whole("ok") if provider.provider_id == "anthropic" else openai_whole("ok")
    received, _ = await exchange(provider, whole(body), request)
    return received.headers


async def test_the_clients_own_version_and_betas_go_on():
    request = bringing(anthropic_version="2026-10-21", anthropic_beta="context-1m,files")
    headers = await sent(AnthropicProvider(), request)
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["anthropic-beta"] == "context-1m,files"


async def test_a_client_changes_neither_the_key_nor_the_connection():
    request = bringing(
        x_api_key="stolen",
        authorization="Bearer stolen",
        cookie="a=b",
        content_type="text/plain",
        host="elsewhere.example",
        transfer_encoding="chunked",
    )
    headers = await sent(AnthropicProvider(), request)
    assert headers["x-api-key"] == KEY
    assert headers["content-type"] == "application/json"
    assert not {"authorization", "cookie", "transfer-encoding"} & headers.keys()
    assert headers["host"].startswith("127.0.0.1")


async def test_a_client_changes_no_key_under_another_name():
    provider = AnthropicProvider(key_header=("x-team-key", ""))
    assert (await sent(provider, bringing(x_team_key="stolen")))["x-team-key"] == KEY


async def test_the_operators_own_headers_stand():
    provider = AnthropicProvider(headers={"Anthropic-Beta": "ours"})
    assert (await sent(provider, bringing(anthropic_beta="theirs")))["anthropic-beta"] == "ours"


async def test_a_header_of_another_format_stays_behind_with_a_receipt():
    request = bringing(anthropic_version="2023-06-01", anthropic_beta="context-1m")
    received, reply = await exchange(OpenAIProvider(), whole(openai_whole("ok")), request)
    assert not {"anthropic-version", "anthropic-beta"} & received.headers.keys()
    (receipt,) = reply.receipts
    assert (receipt.field, receipt.action) == ("headers.anthropic-beta", "dropped")


VENDORS = {
    "x_request_id": "req_1",
    "x_ratelimit_remaining_tokens": "99",
    "openai_processing_ms": "12",
    "retry_after": "7",
    "x_should_retry": "false",
}
OTHERS = {
    "set_cookie": "a=b",
    "openai_organization": "acme",
    "access_control_allow_origin": "*",
    "server": "cloud",
    "x_ratelimit_note": "x" * 1025,
}
HEARD = {name.replace("_", "-"): value for name, value in VENDORS.items()}


async def test_a_whole_reply_brings_the_vendors_headers_that_a_client_may_hear():
    script = whole(openai_whole("ok"), **VENDORS, **OTHERS)
    _, reply = await exchange(OpenAIProvider(), script, asking())
    assert dict(reply.headers) == HEARD


@pytest.mark.parametrize("stream", [False, True])
async def test_a_key_that_a_provider_repeats_in_a_header_is_not_told(stream):
    tape = streamed(openai_stream(["o", "k"])) if stream else whole(openai_whole("ok"))
    tape.headers.update({"x-request-id": f"echo-{KEY}", "x-ratelimit-note": KEY})
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(tape)
        reply = await get_ai_response(asking(stream=stream), candidate)
    assert dict(reply.headers).keys() == {"x-request-id", "x-ratelimit-note"}
    assert KEY not in str(reply.headers)


async def test_no_more_headers_are_passed_on_than_clients_take():
    many = {f"x_ratelimit_{number}": "1" for number in range(100)}
    _, reply = await exchange(OpenAIProvider(), whole(openai_whole("ok"), **many), asking())
    assert len(reply.headers) == 64


async def test_a_stream_brings_them_with_its_first_event():
    tape = streamed(openai_stream(["o", "k"]))
    tape.headers.update({name.replace("_", "-"): value for name, value in VENDORS.items()})
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(tape)
        batches = [batch async for batch in stream_ai_response(asking(stream=True), candidate)]
    assert dict(batches[0][0].headers) == HEARD


@pytest.mark.parametrize(
    "script",
    [
        whole({"error": {"message": "slow down"}}, status=429, **VENDORS, **OTHERS),
        whole({"error": {"message": "broken"}}, **VENDORS, **OTHERS),
    ],
)
async def test_a_failure_brings_them_too(script):
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(script)
        with pytest.raises(LLMServiceError) as caught:
            await get_ai_response(asking(), candidate)
    assert dict(caught.value.headers) == HEARD


async def test_a_failure_in_a_stream_brings_them_too():
    tape = streamed(sse({"error": {"message": "broken", "type": "server_error"}}))
    tape.headers.update({"x-request-id": f"echo-{KEY}", "retry-after": "7"})
    async with world(OpenAIProvider()) as (server, candidate):
        server.play(tape)
        with pytest.raises(LLMServiceError) as caught:
            await get_ai_response(asking(), candidate)
    headers = dict(caught.value.headers)
    assert headers["retry-after"] == "7"
    assert KEY not in str(headers)
