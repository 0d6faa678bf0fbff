"""Amazon Bedrock: where it is asked, who vouches for it, what comes back, and what goes wrong."""

import base64
import json
import sys
from contextlib import asynccontextmanager
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from msgspec.structs import replace

from dragoman.chat import (
    Category,
    Extras,
    Failure,
    LLMServiceError,
    Reply,
    StopReason,
    Text,
    UpstreamError,
)
from dragoman.config.facts import ModelEntry
from dragoman.services.counting import Counted, count_tokens
from dragoman.services.llm_service import get_ai_response
from dragoman.services.providers import BedrockProvider, Engines, Runtime, registry
from dragoman.services.providers.aws import has_credentials
from dragoman.services.providers.bedrock import BEDROCK_ERRORS, region_in
from dragoman.services.providers.client.upstream import HttptoolsUpstream
from dragoman.services.routing import Candidate
from dragoman.testing import scripted_upstream
from dragoman.testing.tapes import read_stream
from dragoman.testing.upstream import Received, Script, whole
from tests.support.frames import event, exception

from .asked import KEY, TIMEOUTS, asking

ACCESS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-secret-2f6a",
    "AWS_SESSION_TOKEN": "canary-token-77b1",
}
BEARER = {"AWS_BEARER_TOKEN_BEDROCK": KEY}
REGION = {"AWS_REGION": "eu-central-1"}
CLAUDE = ModelEntry(
    "ours", "Ours", "", "bedrock", upstream_id="us.anthropic.claude-haiku-4-5-20251001-v1:0"
)
NOVA = ModelEntry("ours", "Ours", "", "bedrock", upstream_id="us.amazon.nova-2-lite-v1:0")
STREAM = "application/vnd.amazon.eventstream"
USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
SAID = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
}


@asynccontextmanager
async def here(environ: dict[str, str], model: ModelEntry = NOVA):
    """Run a scripted upstream in Amazon's place."""
    async with scripted_upstream() as server:
        upstream = HttptoolsUpstream(TIMEOUTS)
        engines = Engines()
        known = REGION | environ | {"BEDROCK_BASE_URL": server.url}
        try:
            runtime = Runtime(known, upstream, TIMEOUTS, engines)
            yield server, Candidate(model, BedrockProvider(), runtime)
        finally:
            await engines.close()
            await upstream.close()


async def exchange(
    script: Script, *, environ: dict[str, str] = BEARER, model: ModelEntry = NOVA, **asked: Any
) -> tuple[Received, Reply]:
    async with here(environ, model) as (server, candidate):
        server.play(script)
        reply = await get_ai_response(asking(**asked), candidate)
        (received,) = server.received
        return received, reply


def streamed(*frames: bytes) -> Script:
    return Script(200, {"content-type": STREAM}, frames)


@pytest.mark.parametrize(
    ("environ", "address", "wants"),
    [
        ({}, "", ("AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION")),
        (BEARER, "", ("AWS_REGION",)),
        (ACCESS | {"AWS_REGION": "no region/"}, "", ("AWS_REGION",)),
        (BEARER | REGION, "https://bedrock-runtime.eu-central-1.amazonaws.com", ()),
        (
            ACCESS | {"AWS_DEFAULT_REGION": "cn-north-1"},
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
            (),
        ),
        (
            REGION | {"AWS_PROFILE": "work"},
            "https://bedrock-runtime.eu-central-1.amazonaws.com",
            (),
        ),
        (ACCESS | {"BEDROCK_BASE_URL": "http://vpce/"}, "http://vpce", ()),
    ],
)
def test_a_region_and_a_key_or_credentials_are_all_it_takes(environ, address, wants):
    config = registry.get("bedrock").get_config(environ)

    assert config.base_url == address
    assert config.wants == wants


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({}, False),
        ({"AWS_ACCESS_KEY_ID": "x"}, False),
        (ACCESS, True),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, True),
        ({"AWS_EC2_METADATA_DISABLED": "true"}, False),
        ({"AWS_EC2_METADATA_DISABLED": "false"}, True),
    ],
)
def test_credentials_are_known_by_the_variables_that_speak_of_them(environ, known):
    assert has_credentials(environ) is known


def test_a_region_that_is_none_is_not_put_into_an_address():
    assert region_in({"AWS_REGION": "evil.example/"}) is None


async def test_a_bearer_key_is_sent_as_it_is_and_nothing_is_signed():
    received, reply = await exchange(whole(SAID))

    assert received.path == "/model/us.amazon.nova-2-lite-v1:0/converse"
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert "x-amz-date" not in received.headers
    assert received.json["messages"] == [{"role": "user", "content": [{"text": "Good day"}]}]
    assert reply.text == "Hi"


@pytest.mark.parametrize("path", ["us.amazon.nova-2-lite-v1:0", "arn:aws:x/y", "ä b"])
async def test_a_request_is_signed_as_it_arrives(path):
    received, _ = await exchange(whole(SAID), environ=ACCESS, model=replace(NOVA, upstream_id=path))

    headers = received.headers
    assert headers["x-amz-security-token"] == ACCESS["AWS_SESSION_TOKEN"]
    assert headers["authorization"] == amazons_own(received)


def amazons_own(received: Received) -> str:
    """Sign what arrived once more, at the time that it says."""
    names = ("content-type", "host", "x-amz-date", "x-amz-security-token")
    named = {name: received.headers[name] for name in names}
    url = f"http://{received.headers['host']}{received.path}"
    request = AWSRequest(received.method, url, headers=named, data=received.body)
    request.context["timestamp"] = named["x-amz-date"]
    auth = SigV4Auth(
        Credentials(
            ACCESS["AWS_ACCESS_KEY_ID"],
            ACCESS["AWS_SECRET_ACCESS_KEY"],
            ACCESS["AWS_SESSION_TOKEN"],
        ),
        "bedrock",
        "eu-central-1",
    )
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    signature = auth.signature(to_sign, request)
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )


async def test_a_profile_of_the_shared_files_is_found_once(tmp_path):
    files = tmp_path / "credentials"
    files.write_text(
        "[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = canary-secret-work\n"
    )
    environ = {"AWS_PROFILE": "work", "AWS_SHARED_CREDENTIALS_FILE": str(files)}
    async with here(environ) as (server, candidate):
        server.play(whole(SAID))
        await get_ai_response(asking(), candidate)
        files.unlink()
        await get_ai_response(asking(), candidate)

        credentials = [one.headers["authorization"] for one in server.received]

    assert all(said.startswith("AWS4-HMAC-SHA256 Credential=AKIDWORK/") for said in credentials)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        ({"AWS_PROFILE": "empty"}, "no credentials were found: set AWS_ACCESS_KEY_ID"),
    ],
)
async def test_credentials_that_are_not_there_are_told_with_a_cure(environ, says, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile empty]\nregion = eu-central-1\n")
    none = str(tmp_path / "none")
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": none}
    files["AWS_EC2_METADATA_DISABLED"] = "true"

    with pytest.raises(LLMServiceError, match=says) as told:
        await exchange(whole(SAID), environ=environ | files)

    assert told.value.category is Category.AUTHENTICATION
    assert told.value.actor == "operator"


async def test_without_the_extra_there_is_a_line_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.auth", None)

    with pytest.raises(LLMServiceError, match=r"pip install 'dragoman\[bedrock\]', or set AWS_B"):
        await exchange(whole(SAID), environ=ACCESS)


async def test_what_was_signed_with_is_masked_where_the_vendor_repeats_it():
    secret = ACCESS["AWS_SECRET_ACCESS_KEY"]
    repeated = whole({"message": f"your {secret}"}, status=403)

    with pytest.raises(LLMServiceError) as told:
        await exchange(repeated, environ=ACCESS)

    assert secret not in str(told.value)
    assert told.value.category is Category.PERMISSION


async def test_a_stream_is_read_out_of_amazons_frames():
    script = streamed(
        event("messageStart", role="assistant", p="abc"),
        event("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hi"}),
        event("contentBlockStop", contentBlockIndex=0),
        event("messageStop", stopReason="end_turn"),
        event("metadata", usage=USAGE, metrics={"latencyMs": 1}),
    )
    async with here(BEARER) as (server, candidate):
        server.play(script)
        model = candidate.provider.create_llm(candidate.model, candidate.runtime)

        batches = [batch async for batch in model.stream(asking(stream=True))]

        assert server.received[0].path == "/model/us.amazon.nova-2-lite-v1:0/converse-stream"
    assert batches[-1][-1].stop.reason is StopReason.STOP
    assert batches[-1][-1].usage.total == 5


async def test_an_exception_in_a_stream_is_judged_like_an_answer():
    script = streamed(
        event("messageStart", role="assistant"),
        exception("throttlingException", message="Too many requests"),
    )
    async with here(BEARER) as (server, candidate):
        server.play(script)
        model = candidate.provider.create_llm(candidate.model, candidate.runtime)

        with pytest.raises(UpstreamError) as told:
            _ = [batch async for batch in model.stream(asking(stream=True))]

    assert candidate.provider.map_error(told.value).category is Category.RATE_LIMIT


async def test_claude_is_asked_in_its_own_words_by_a_client_that_speaks_them():
    message = {"type": "message", "content": [{"type": "text", "text": "Hi"}]}
    headers = {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "interleaved-thinking-2025-05-14, mcp-client-2025-11-20",
    }
    received, reply = await exchange(
        whole(message | {"stop_reason": "end_turn", "usage": {}}),
        model=CLAUDE,
        wire="anthropic_messages",
        headers=Extras("anthropic_messages", headers),
    )

    assert received.path == f"/model/{CLAUDE.upstream_id}/invoke"
    assert received.json == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["interleaved-thinking-2025-05-14"],
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Good day"}]}],
    }
    assert "anthropic-beta" not in received.headers
    assert reply.text == "Hi"
    assert [receipt.action for receipt in reply.receipts] == ["dropped"]


@pytest.mark.parametrize(
    ("model", "client", "wire"),
    [
        (CLAUDE, "anthropic_messages", "anthropic_messages"),
        (CLAUDE, "openai_chat", "bedrock_converse"),
        (CLAUDE, None, "bedrock_converse"),
        (NOVA, "anthropic_messages", "bedrock_converse"),
        (replace(NOVA, wire="anthropic_messages"), None, "anthropic_messages"),
        (replace(CLAUDE, wire="bedrock_converse"), "anthropic_messages", "bedrock_converse"),
    ],
)
def test_a_model_is_asked_in_the_words_that_lose_least(model, client, wire):
    assert BedrockProvider().wire_for(asking(client), model).name == wire


def chunk(**said: Any) -> bytes:
    return event("chunk", bytes=base64.b64encode(json.dumps(said).encode()).decode(), p="abc")


def test_claudes_stream_is_what_anthropic_would_have_sent():
    (_, invoke) = (BedrockProvider().wire, BedrockProvider().other_wires[0])
    events = [
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1}},
    ]

    told = read_stream(invoke, [b"".join(chunk(**said) for said in events)])

    assert told.failure is None
    assert told.reply.parts == (Text("Hi"),)
    assert b"".join(event.source or b"" for event in told.events) == b"".join(
        f"event: {said['type']}\ndata: {json.dumps(said)}\n\n".encode() for said in events
    )


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        (exception("modelStreamErrorException", message="no"), "ModelStreamErrorException", None),
        (event("chunk", bytes="!"), None, "bad_payload"),
        (event("chunk"), None, "bad_payload"),
        (event("news") + chunk(type="ping"), None, "stream_interrupted"),
    ],
)
def test_what_breaks_claudes_stream_has_a_code_or_a_reason(frame, code, reason):
    told = read_stream(BedrockProvider().other_wires[0], [frame])

    assert told.failure is not None
    assert (told.failure.code, told.failure.reason) == (code, reason)


async def test_tokens_are_counted_in_the_words_of_the_question():
    async with here(ACCESS) as (server, candidate):
        server.play(whole({"inputTokens": 11}))

        count = await BedrockProvider().count_tokens(
            asking("openai_chat", stream=True), NOVA, candidate.runtime
        )

        (received,) = server.received
    assert count == 11
    assert received.path == "/model/amazon.nova-2-lite-v1:0/count-tokens"
    asked = received.json["input"]["converse"]
    assert asked == {"messages": [{"role": "user", "content": [{"text": "Good day"}]}]}
    assert received.headers["authorization"] == amazons_own(received)


async def counted(script: Script, model: ModelEntry) -> Counted:
    async with here(BEARER, model) as (server, candidate):
        server.play(script)
        return await count_tokens(asking("openai_chat"), candidate)


UNCOUNTED = whole({"message": "The provided model doesn't support counting tokens."}, status=400)
UNKNOWN = whole({"message": "The provided model identifier is invalid."}, status=400)


@pytest.mark.parametrize(
    ("script", "model"),
    [
        (UNCOUNTED, replace(NOVA, upstream_id="amazon.nova-2-lite-v1:0")),
        (UNKNOWN, NOVA),
        (whole({"message": "no"}, status=403), NOVA),
    ],
)
async def test_where_amazon_does_not_count_for_a_model_it_is_guessed(script, model):
    guess = await counted(script, model)

    assert guess.receipts[0].action == "emulated"


@pytest.mark.parametrize(
    ("script", "model"),
    [
        (UNKNOWN, replace(NOVA, upstream_id="usual.model")),
        (whole({"message": "slow"}, status=429), NOVA),
    ],
)
async def test_any_other_failure_to_count_is_one(script, model):
    with pytest.raises(LLMServiceError):
        await counted(script, model)


async def test_the_models_of_the_region_are_listed_with_a_signature():
    async with here(ACCESS) as (server, candidate):
        server.play(
            whole({"modelSummaries": [{"modelId": "amazon.nova-2-lite-v1:0"}]}), whole({"x": 1})
        )

        found = await BedrockProvider().list_models(candidate.runtime)
        with pytest.raises(UpstreamError, match="is not one"):
            await BedrockProvider().list_models(candidate.runtime)

        first = server.received[0]
    assert found == ("amazon.nova-2-lite-v1:0",)
    assert first.path == "/foundation-models?byOutputModality=TEXT"
    assert first.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


VALIDATION = "ValidationException"
JUDGED = [
    ("AccessDeniedException", 403, "", Category.PERMISSION),
    ("UnrecognizedClientException", 403, "", Category.AUTHENTICATION),
    ("ExpiredTokenException", 403, "", Category.AUTHENTICATION),
    ("ThrottlingException", 429, "Too many requests", Category.RATE_LIMIT),
    ("ThrottlingException", 429, "Too many tokens per day, …", Category.QUOTA_EXHAUSTED),
    ("ServiceQuotaExceededException", 400, "", Category.QUOTA_EXHAUSTED),
    ("ModelNotReadyException", 429, "", Category.OVERLOADED),
    ("ServiceUnavailableException", 503, "", Category.OVERLOADED),
    ("ModelTimeoutException", 408, "", Category.TIMEOUT),
    ("InternalServerException", 500, "", Category.BAD_RESPONSE),
    ("ModelErrorException", 424, "", Category.BAD_RESPONSE),
    ("ModelStreamErrorException", 200, "", Category.BAD_RESPONSE),
    ("ResourceNotFoundException", 404, "", Category.MODEL_NOT_FOUND),
    (VALIDATION, 400, "bad", Category.INVALID_REQUEST),
    (VALIDATION, 200, "Input is too long for requested model.", Category.CONTEXT_TOO_LONG),
    (VALIDATION, 400, "prompt is too long: 9 tokens > 8 maximum", Category.CONTEXT_TOO_LONG),
    (VALIDATION, 400, "The provided model identifier is invalid.", Category.MODEL_NOT_FOUND),
    (VALIDATION, 400, "… with on-demand throughput isn\u2019t …", Category.MODEL_NOT_FOUND),
    (VALIDATION, 400, "This model doesn't support tool use.", Category.UNSUPPORTED),
    (None, 400, "The provided model identifier is invalid.", Category.MODEL_NOT_FOUND),
    (None, 403, "", Category.PERMISSION),
]


@pytest.mark.parametrize(("code", "status", "message", "category"), JUDGED)
def test_an_error_gets_its_category(code, status, message, category):
    failure = Failure(code=code, status=status, message=message)

    error = BedrockProvider().map_error(UpstreamError(failure))

    assert error.category is category
    assert error.provider == "bedrock"


def test_every_row_has_a_source():
    assert all(row.source for row in BEDROCK_ERRORS)
