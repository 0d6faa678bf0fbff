"""Amazon Bedrock: who it is, where it is, how it is signed, and what its errors mean."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import Category, ChatRequest, UpstreamError
from dragoman.config.facts import ModelEntry
from dragoman.services.providers.aws import AwsCredentials, has_credentials
from dragoman.services.providers.base import ProviderConfig, Runtime
from dragoman.services.providers.bedrock_invoke import Invoke
from dragoman.services.providers.bedrock_vectors import bedrock_route
from dragoman.services.providers.calls import Call, ask
from dragoman.services.providers.counting import CountRoute, number_in
from dragoman.services.providers.error_rows import ErrorRow, rows
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.signing import Sent, Signature, Signer
from dragoman.services.providers.vectors import VectorRoute
from dragoman.wire import bedrock_converse
from dragoman.wire.base import ProviderSide, malformed

_RUNTIME: Final = "botocore 1.44, service model of bedrock-runtime"
_COMMON: Final = "https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html"

# A `ValidationException`, or a 400, says by its prose alone what is wrong.
_PROSE: Final[tuple[tuple[str, Category, str], ...]] = (
    (
        "input is too long",
        Category.CONTEXT_TOO_LONG,
        "https://github.com/continuedev/continue/issues/6005",
    ),
    (
        "prompt is too long",
        Category.CONTEXT_TOO_LONG,
        "https://github.com/aaif-goose/goose/pull/7504",
    ),
    (
        "model identifier is invalid",
        Category.MODEL_NOT_FOUND,
        "pydantic-ai, tests/models/cassettes/test_bedrock/test_bedrock_error.yaml",
    ),
    (
        "with on-demand throughput isn",
        Category.MODEL_NOT_FOUND,
        "https://github.com/langchain-ai/langchain-aws/issues/1019",
    ),
    (
        "this model doesn't support",
        Category.UNSUPPORTED,
        "pydantic-ai, tests/cassettes/test_multimodal_tool_returns",
    ),
    (
        "doesn't support counting tokens",
        Category.UNSUPPORTED,
        "https://github.com/Boise-State-Development/agentcore-public-stack/pull/430",
    ),
)

BEDROCK_ERRORS: Final[tuple[ErrorRow, ...]] = (
    *rows(
        "code",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "RequestExpired",
        "UnrecognizedClientException",
        category=Category.AUTHENTICATION,
        source=_COMMON,
    ),
    *rows(
        "code",
        "AccessDeniedException",
        "OptInRequired",
        category=Category.PERMISSION,
        source=_COMMON,
    ),
    *rows("code", "ThrottlingException", category=Category.RATE_LIMIT, source=_RUNTIME),
    # Its allowance of a whole day: the wait that a retry makes does not help.
    ErrorRow(
        code="ThrottlingException",
        message_has="too many tokens per day",
        category=Category.QUOTA_EXHAUSTED,
        source="https://github.com/minorun365/agent-book/issues/29",
    ),
    *rows(
        "code", "ServiceQuotaExceededException", category=Category.QUOTA_EXHAUSTED, source=_RUNTIME
    ),
    # A 429 of a model that is still being started.
    *rows(
        "code",
        "ModelNotReadyException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        category=Category.OVERLOADED,
        word="upstream_unavailable",
        source=_RUNTIME,
    ),
    *rows("code", "ModelTimeoutException", category=Category.TIMEOUT, source=_RUNTIME),
    *rows(
        "code",
        "InternalFailure",
        "InternalServerException",
        "ModelErrorException",
        "ModelStreamErrorException",
        category=Category.BAD_RESPONSE,
        retryable=True,
        word="upstream_5xx",
        source=_RUNTIME,
    ),
    *rows("code", "ResourceNotFoundException", category=Category.MODEL_NOT_FOUND, source=_RUNTIME),
    *rows("code", "ValidationException", category=Category.INVALID_REQUEST, source=_RUNTIME),
    *(
        row
        for prose, category, source in _PROSE
        for row in (
            ErrorRow(
                code="ValidationException", message_has=prose, category=category, source=source
            ),
            ErrorRow(status=400, message_has=prose, category=category, source=source),
        )
    ),
)

_KEY: Final = "AWS_BEARER_TOKEN_BEDROCK"
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+")
_CLAUDE: Final = re.compile(r"anthropic\.claude")
# A profile is where a model may run, and its name; the route that counts takes the name alone, and
# not that of each: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html,
# https://github.com/pydantic/pydantic-ai/pull/3367, https://github.com/BerriAI/litellm/issues/32683
_PROFILE: Final = re.compile(r"(?:apac|au|ca|eu|global|jp|us|us-gov)\.")
_NOT_BY_NAME: Final = frozenset({400, 403, 404})
_CURE: Final = f"pip install 'dragoman[bedrock]', or set {_KEY}"


def region_in(environ: Mapping[str, str]) -> str | None:
    """Give the region that is set, if it is one."""
    named = next((environ[name].strip() for name in _REGIONS if environ.get(name)), "")
    return named if _REGION.fullmatch(named) else None


class _Signer(Struct, frozen=True):
    credentials: AwsCredentials
    region: str

    async def sign(self, sent: Sent) -> Signature:
        """Sign a request to Bedrock."""
        return await self.credentials.sign(sent, service="bedrock", region=self.region)


class CountTokens(Struct, frozen=True):
    """Amazon's route that counts, of what `Converse` would be asked.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
    """

    wire: str = bedrock_converse.name
    takes: frozenset[str] = frozenset(
        {"additionalModelRequestFields", "messages", "system", "toolConfig"}
    )

    def question(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Give `…/count-tokens`, and the fields of the request that count."""
        kept = {name: value for name, value in _decode(body).items() if name in self.takes}
        asked = {"input": {"converse": kept}}
        model = path.rpartition("/")[0].removeprefix("/model/")
        name = model[found.end() :] if (found := _PROFILE.match(model)) else model
        return f"/model/{name}/count-tokens", msgspec.json.encode(asked)

    def count(self, answer: bytes) -> int:
        """Read the number of tokens. Raises `UpstreamError` where there is none."""
        return number_in(answer, "inputTokens")


_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Listed(Struct, rename="camel"):
    model_id: str


class _Models(Struct, rename="camel"):
    model_summaries: list[_Listed]


_decode_models: Final = msgspec.json.Decoder(_Models).decode


class BedrockProvider(HttpProvider, frozen=True, kw_only=True):
    """Amazon Bedrock, in a region of `AWS_REGION`: any model by Converse, Claude by its own words.

    With a bearer key nothing else is needed; otherwise requests are signed with Amazon's
    credentials (see `aws`).
    """

    provider_id: str = "bedrock"
    name: str = "Amazon Bedrock"
    wire: ProviderSide = bedrock_converse
    other_wires: tuple[ProviderSide, ...] = (Invoke(),)
    base_url: str = ""
    api_key_env: str | None = _KEY
    models_env: str | None = "BEDROCK_MODELS"
    error_rows: tuple[ErrorRow, ...] = BEDROCK_ERRORS
    needs_output_limit: bool = True
    models_path: str = "/foundation-models?byOutputModality=TEXT"
    counting: CountRoute | None = CountTokens()
    stream_types: frozenset[str] = frozenset({bedrock_converse.STREAM_TYPE})

    def wire_for(self, request: ChatRequest, model: ModelEntry) -> ProviderSide:
        """Choose the wire: Anthropic's is for its own models, and for those that an entry says."""
        if model.wire is None and not _CLAUDE.search(model.vendor_id):
            return self.wire
        return HttpProvider.wire_for(self, request, model)

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        """Give the region's address, and the key; credentials take the place of a key."""
        config = HttpProvider.get_config(self, environ)
        region = region_in(environ)
        if not config.base_url and region is not None:
            suffix = ".cn" if region.startswith("cn-") else ""
            address = f"https://bedrock-runtime.{region}.amazonaws.com{suffix}"
            config = replace(config, base_url=address)
        if config.api_key is None and has_credentials(environ):
            config = replace(config, api_key_env=None)
        return replace(config, base_url_env=_REGIONS[0])

    def signer(self, config: ProviderConfig, runtime: Runtime) -> Signer | None:
        """Give what signs requests where no bearer key does."""
        if config.api_key is not None:
            return None
        environ = runtime.environ
        found = runtime.engines.get(
            (self.provider_id, _of_amazon(environ)),
            AwsCredentials,
            lambda: AwsCredentials(environ, cure=_CURE),
        )
        return _Signer(found, region_in(environ) or _region_of(config.base_url))

    async def count_tokens(
        self, request: ChatRequest, model: ModelEntry, runtime: Runtime
    ) -> int | None:
        """Ask Amazon; `None` where a model is reached by a profile, and does not count by name."""
        try:
            return await HttpProvider.count_tokens(self, request, model, runtime)
        except UpstreamError as error:
            if _PROFILE.match(model.vendor_id) and error.failure.status in _NOT_BY_NAME:
                return None
            raise

    def vector_route(self, model: ModelEntry) -> VectorRoute:
        """Give how vectors are asked for, by the maker of the model."""
        return bedrock_route(model.vendor_id)

    def own_headers(self) -> frozenset[str]:
        """Give the names of the headers that no client may set: betas stand in the body here."""
        return HttpProvider.own_headers(self) | {"anthropic-beta", "anthropic-version"}

    async def list_models(self, runtime: Runtime) -> tuple[str, ...]:
        """Ask for the models of the region, at the address beside the one that runs them."""
        config = self.get_config(runtime.environ)
        call = Call(
            method="GET",
            url=config.base_url.replace("//bedrock-runtime.", "//bedrock.") + self.models_path,
            headers=self.request_headers(config, None),
            secrets=self.secrets(config),
        )
        answer = await ask(call, runtime, self.wire, signer=self.signer(config, runtime))
        try:
            return tuple(item.model_id for item in _decode_models(answer.body).model_summaries)
        except msgspec.DecodeError as error:
            raise malformed("bad_json", "the list of models is not one") from error


def _of_amazon(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Give what tells one set of credentials from another, hashed where it is secret."""
    return tuple(
        sorted((name, str(hash(value))) for name, value in environ.items() if name[:4] == "AWS_")
    )


def _region_of(address: str) -> str:
    """Find the region in an address, where no variable says it."""
    found = _REGION.search(address.partition("bedrock-runtime.")[2].partition(".")[0])
    return found[0] if found else "us-east-1"
