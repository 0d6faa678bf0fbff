"""Every recorded failure gets the category that its body earns."""

import json
from typing import Final

from dragoman.chat import Category, Failure, LLMServiceError, UpstreamError
from dragoman.services.providers import map_provider_error, registry
from dragoman.testing.tapes import read_stream

from .cases import recordings
from .recordings import Recording
from .wires import WIRES

# What each body says, as a person reads it. "unsupported" is the vendor's own word in its code.
CATEGORIES: Final[dict[str, Category]] = {
    "test-anthropic-explicit-effort-xhigh-unsupported-model-error-0": Category.INVALID_REQUEST,
    "test-model-name-suggestion-anthropic-0": Category.MODEL_NOT_FOUND,
    "test-model-name-suggestion-groq-0": Category.MODEL_NOT_FOUND,
    "test-tool-regular-error-0": Category.MODEL_NOT_FOUND,
    "test-tool-use-failed-error-with-text-0": Category.INVALID_REQUEST,
    "test-tool-use-failed-error-streaming-0": Category.INVALID_REQUEST,
    "test-tool-use-failed-error-streaming-with-text-0": Category.INVALID_REQUEST,
    "chat-bad-request-0": Category.UNSUPPORTED,
    "chat-no-messages-0": Category.INVALID_REQUEST,
    "chat-unknown-model-0": Category.MODEL_NOT_FOUND,
    "test-agents-and-tools-2": Category.MODEL_NOT_FOUND,
    "test-model-name-suggestion-openai-chat-0": Category.MODEL_NOT_FOUND,
    "test-multimodal-tool-return-matrix-direct-url-force-download-2": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-tool-return-content-binar-1": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-tool-return-content-url-a-2": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-tool-return-content-url-f-2": Category.INVALID_REQUEST,
    "test-openai-o1-mini-system-role-system-0": Category.UNSUPPORTED,
    "test-openai-web-search-tool-model-not-supported-0": Category.INVALID_REQUEST,
    "test-vision-base64-3": Category.INVALID_REQUEST,
    "test-openrouter-errors-raised-0": Category.RATE_LIMIT,
    "test-openrouter-stream-error-0": Category.INVALID_REQUEST,
    "test-deepseek-responses-rejects-interleaved-function-calls-0": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-direct-url-audio-openai-r-1": Category.INVALID_REQUEST,
    "test-responses-create-api-error-content-mode0-0": Category.MODEL_NOT_FOUND,
    "test-generate-content-invalid-role-0": Category.INVALID_REQUEST,
    "test-generate-content-missing-model-0": Category.MODEL_NOT_FOUND,
    "test-model-name-suggestion-google-0": Category.MODEL_NOT_FOUND,
    "test-multimodal-tool-return-matrix-direct-url-image-google-v-2": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-tool-return-content-url-i-3": Category.INVALID_REQUEST,
    "vercel-google-429-retry-info": Category.RATE_LIMIT,
    "test-bedrock-error-0": Category.MODEL_NOT_FOUND,
    "test-bedrock-streaming-error-0": Category.MODEL_NOT_FOUND,
    "test-converse-stream-with-invalid-model-0": Category.MODEL_NOT_FOUND,
    "test-converse-with-invalid-model-0": Category.MODEL_NOT_FOUND,
    "test-multimodal-tool-return-matrix-direct-uploaded-file-docu-1": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-direct-uploaded-file-imag-1": Category.UNSUPPORTED,
    "test-multimodal-tool-return-matrix-direct-uploaded-file-vide-1x": Category.INVALID_REQUEST,
    "test-multimodal-tool-return-matrix-tool-return-content-uploa-1": Category.UNSUPPORTED,
    "test-multimodal-tool-return-matrix-tool-return-content-uploa-1x": Category.UNSUPPORTED,
    "test-multimodal-tool-return-matrix-tool-return-content-uploa-1xx": Category.INVALID_REQUEST,
    "vercel-openai-error-1-stream": Category.QUOTA_EXHAUSTED,
    "vercel-parallel-tool-call-wrapper-1-stream": Category.BAD_RESPONSE,
    "vercel-spliced-message-start-stream": Category.BAD_RESPONSE,
}


def judge(recording: Recording, failure: Failure) -> LLMServiceError:
    """Ask the vendor's own table where there is one, and the common one where there is not."""
    error = UpstreamError(failure)
    if recording.provider in registry:
        return registry.get(recording.provider).map_error(error)
    return map_provider_error(error, provider=recording.provider)


@recordings("judging", "error")
def test_an_error_answer_gets_its_category(recording: Recording):
    failure = WIRES[recording.wire].read_failure(
        recording.status, recording.headers, recording.bodies[0]
    )

    error = judge(recording, failure)

    assert error.category is CATEGORIES[recording.name.partition("--")[2]]
    assert error.retryable is (error.category is Category.RATE_LIMIT)
    assert error.status == recording.status
    assert error.request_id == _request_id(recording)


def _request_id(recording: Recording) -> str | None:
    in_body: str | None = json.loads(recording.bodies[0]).get("request_id")
    named = recording.headers.get("x-amzn-requestid", in_body)
    return recording.headers.get("x-request-id", named)


@recordings("judging", "stream")
def test_an_error_within_a_stream_gets_its_category(recording: Recording):
    for body in recording.bodies:
        failure = read_stream(WIRES[recording.wire], [body]).failure

        expected = CATEGORIES.get(recording.name.partition("--")[2])
        assert (failure and judge(recording, failure).category) is expected
