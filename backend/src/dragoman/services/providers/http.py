"""A provider that speaks a wire format over HTTP: everything about it is a row of data."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, contextmanager, suppress
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import (
    ChatRequest,
    Failure,
    LLMServiceError,
    Receipt,
    Reply,
    ResponseStart,
    StreamEvent,
    UpstreamError,
    events_of,
)
from dragoman.config.facts import ModelEntry
from dragoman.config.secrets import clean_key
from dragoman.observability.secrets import Secret, mask
from dragoman.services.providers.base import (
    Batch,
    Batches,
    ProviderConfig,
    Runtime,
    complete,
)
from dragoman.services.providers.errors import ErrorRow, map_provider_error
from dragoman.services.providers.retry_after import retry_after_of
from dragoman.services.providers.transport import (
    MAX_CHUNK,
    MAX_STREAM,
    Timeouts,
    Upstream,
    UpstreamResponse,
    read_body,
)
from dragoman.wire.base import ProviderSide, StreamReader, malformed

_DRAIN: Final = 0.2
"""Seconds to wait for the last bytes after a finished stream, so that its connection is kept."""
_ERROR_TIME: Final = 5.0
"""Seconds to wait for the body of an error, whose status is known already."""
_LONGEST_ERROR: Final = 1 << 20
"""How much of an error's body is read, in bytes."""

_EVENT_STREAM: Final = frozenset({"text/event-stream"})
_REQUEST_IDS: Final = ("x-request-id", "request-id")
# The fields of a failure that repeat what the other side said.
_VENDORS_WORDS: Final = ("message", "code", "type", "param", "request_id")
_CUT: Final = frozenset({"premature_close", "connection_reset"})
# Some compatible servers label JSON carelessly; a page in HTML is never an answer.
_JSON: Final = frozenset({"application/json", "text/plain", "application/octet-stream", ""})


T = TypeVar("T")


class HttpProvider(Struct, frozen=True, kw_only=True):
    """A provider as a row: subclass it with defaults, or fill it from configuration.

    `base_url` is the vendor's; the variable `<ID>_BASE_URL` overrides it. `key_header` is the
    header's name and what stands before the key. `api_version_header` takes a model entry's
    `api_version`, else `api_version`. `without` names what this vendor's dialect of the wire does
    not take. `needs_output_limit` tells that the wire insists on one, so that a model entry's own
    maximum is filled in. `stream_types` are the content types of its streams. Every path is below
    the base URL.
    """

    provider_id: str
    name: str
    wire: ProviderSide
    base_url: str
    api_key_env: str | None = None
    models_env: str | None = None
    key_header: tuple[str, str] = ("authorization", "Bearer ")
    headers: Mapping[str, str] = {}
    api_version_header: str | None = None
    api_version: str | None = None
    error_rows: tuple[ErrorRow, ...] = ()
    default_models: tuple[ModelEntry, ...] = ()
    without: frozenset[str] = frozenset()
    needs_output_limit: bool = False
    models_path: str = "/models"
    stream_types: frozenset[str] = _EVENT_STREAM

    def get_config(self, environ: Mapping[str, str]) -> ProviderConfig:
        """Give the address and key that `environ` sets for this provider."""
        prefix = self.provider_id.upper().replace("-", "_")
        key = _key(self.api_key_env, environ)
        return ProviderConfig(
            id=self.provider_id,
            name=self.name,
            base_url=(environ.get(f"{prefix}_BASE_URL") or self.base_url).rstrip("/"),
            api_key_env=self.api_key_env,
            models_env=self.models_env,
            api_key=key,
        )

    def create_llm(self, model: ModelEntry, runtime: Runtime) -> "HttpChatModel":
        """Make a model that is asked over HTTP."""
        config = self.get_config(runtime.environ)
        return HttpChatModel(self, config, model, runtime.upstream, runtime.timeouts)

    def map_error(self, error: BaseException, *, model: str | None = None) -> LLMServiceError:
        """Judge an error by this provider's rows, then by the common ones."""
        return map_provider_error(
            error, rows=self.error_rows, provider=self.provider_id, model=model
        )

    async def list_models(self, runtime: Runtime) -> tuple[str, ...]:
        """Ask the vendor for its model ids (`GET …/models`, which costs nothing)."""
        config = self.get_config(runtime.environ)
        headers = self.request_headers(config, None)
        url = config.base_url + self.models_path
        patience = _Patience(runtime.timeouts)
        async with AsyncExitStack() as call:
            call.enter_context(_without_keys(self.secrets(config)))
            sending = runtime.upstream.send("GET", url, headers=headers)
            response = await patience.wait(call.enter_async_context(sending))
            if response.status != 200:
                raise await _failed(self.wire, response, patience)
            body = await patience.wait(read_body(response))
        try:
            return tuple(item.id for item in _decode_models(body).data)
        except msgspec.DecodeError as error:
            raise malformed("bad_json", "the list of models is not one") from error

    def request_headers(self, config: ProviderConfig, model: ModelEntry | None) -> dict[str, str]:
        """Give the headers of a request: what it is, for which version, and the key."""
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        version = (model.api_version if model is not None else None) or self.api_version
        if self.api_version_header is not None and version is not None:
            headers[self.api_version_header] = version
        if config.api_key is not None:
            name, before = self.key_header
            headers[name] = before + config.api_key.reveal()
        return headers | {name.lower(): value for name, value in self.headers.items()}

    def secrets(self, config: ProviderConfig) -> tuple[Secret, ...]:
        """Give what is sent and must not be told: the key, and the values of own headers."""
        own = tuple(Secret(value) for value in self.headers.values())
        return own if config.api_key is None else (config.api_key, *own)


def _key(variable: str | None, environ: Mapping[str, str]) -> Secret | None:
    if variable is None:
        return None
    value = clean_key(variable, environ.get(variable, "")).value
    return None if value is None else Secret(value)


class _Listed(Struct):
    id: str


class _Models(Struct):
    data: list[_Listed]


_decode_models: Final = msgspec.json.Decoder(_Models).decode


class Outgoing(Struct, frozen=True):
    """A request as it will be sent. `headers` hold the key: not for logs."""

    url: str
    headers: dict[str, str]
    body: bytes
    receipts: tuple[Receipt, ...]


class HttpChatModel:
    """A model behind a wire format and an address."""

    def __init__(
        self,
        provider: HttpProvider,
        config: ProviderConfig,
        model: ModelEntry,
        upstream: Upstream,
        timeouts: Timeouts,
    ) -> None:
        self._provider = provider
        self._config = config
        self._model = model
        self._upstream = upstream
        self._timeouts = timeouts

    def outgoing(self, request: ChatRequest) -> Outgoing:
        """Translate a request; sends nothing. Raises `LLMServiceError` for what cannot be said."""
        request = replace(request, model=self._model.vendor_id)
        if self._provider.needs_output_limit and request.limits.output is None:
            request = replace(
                request, limits=replace(request.limits, output=self._model.max_output_tokens)
            )
        written = self._provider.wire.write_request(request, without=self._provider.without)
        return Outgoing(
            url=self._config.base_url + (written.path or self._provider.wire.path),
            headers=self._provider.request_headers(self._config, self._model),
            body=written.body,
            receipts=written.receipts,
        )

    async def stream(self, request: ChatRequest) -> Batches:
        """Ask; see `ChatModel.stream`. An answer in the other mode is understood all the same."""
        outgoing = self.outgoing(request)
        patience = _Patience(self._timeouts)
        async with AsyncExitStack() as call:
            sending = self._upstream.send(
                "POST", outgoing.url, headers=outgoing.headers, body=outgoing.body
            )
            response = await patience.wait(call.enter_async_context(sending))
            call.enter_context(_without_keys(self._provider.secrets(self._config)))
            call.enter_context(_identified(response.headers))
            answer = await self._answer(response, patience, streamed=request.stream)
            async for batch in await call.enter_async_context(aclosing(answer)):
                yield _with_receipts(batch, outgoing.receipts)

    async def complete(self, request: ChatRequest) -> Reply:
        """Ask for a whole reply."""
        return await complete(self, request)

    async def _answer(
        self, response: UpstreamResponse, patience: "_Patience", *, streamed: bool
    ) -> Batches:
        wire = self._provider.wire
        media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status != 200:
            raise await _failed(wire, response, patience)
        patience.headers_came()
        # A stream of JSON lines may be labelled as JSON; then what was asked for decides.
        if media in self._provider.stream_types and (streamed or media not in _JSON):
            return _streamed(wire.stream_reader(), response, patience)
        if media in _JSON:
            return _whole(wire, await patience.wait(read_body(response)))
        expected = " or ".join(sorted({"application/json"} | self._provider.stream_types))
        raise malformed("bad_content_type", f"the answer is {media}, and not {expected}")


async def _whole(wire: ProviderSide, body: bytes) -> Batches:
    yield events_of(wire.read_reply(body))


async def _streamed(
    reader: StreamReader, response: UpstreamResponse, patience: "_Patience"
) -> Batches:
    chunks = response.chunks(limit=MAX_STREAM)
    clean = True
    taken = 0
    while not reader.done:
        if taken >= MAX_CHUNK:
            # What has arrived already is read without a pause: others, and the clock, have a turn.
            await patience.wait(asyncio.sleep(0))
            taken = 0
        try:
            chunk = await patience.wait(anext(chunks, None))
        except UpstreamError as error:
            # What a cut means is for the wire to say: all may have been said already.
            if error.failure.reason not in _CUT:
                raise
            clean, chunk = False, None
        if chunk is None:
            break
        taken += len(chunk)
        if events := reader.feed(chunk):
            yield events
            # A client who took its time is no provider who stood still.
            patience.event_came()
    if events := reader.close(clean=clean):
        yield events
    await _drain(chunks)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows a finished stream, so that its connection can be used again."""
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_DRAIN):
            async for _ in chunks:
                pass


async def _failed(
    wire: ProviderSide, response: UpstreamResponse, patience: "_Patience"
) -> UpstreamError:
    """Gather the facts of an answer that is no success."""
    headers, status = response.headers, response.status
    if 300 <= status < 400:
        return UpstreamError(
            Failure(status=status, reason="upstream_redirect", message="the provider redirects")
        )
    body = await _last_words(response, patience)
    try:
        failure = wire.read_failure(status, headers, body)
    except Exception:  # noqa: BLE001 - a careless wire must not turn a limit into a fault of ours
        failure = Failure(status=status)
    wait = retry_after_of(headers, body, now=time.time(), status=status)
    return UpstreamError(replace(failure, retry_after=wait))


async def _last_words(response: UpstreamResponse, patience: "_Patience") -> bytes:
    """Read what an error says of itself, as far as it comes: without it, its status says enough."""
    said = bytearray()

    async def listen() -> None:
        async for chunk in response.chunks():
            said.extend(chunk)
            if len(said) > _LONGEST_ERROR:
                break

    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_ERROR_TIME):
            await patience.wait(listen())
    return bytes(said)


@contextmanager
def _identified(headers: Mapping[str, str]) -> Iterator[None]:
    """Add what only the headers say to a failure that came without it, as one in a stream:
    the vendor's id of the request, and how long to wait.
    """
    try:
        yield
    except UpstreamError as error:
        named = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
        if error.failure.request_id is None and named is not None:
            error.failure = replace(error.failure, request_id=named)
        if error.failure.retry_after is None:
            wait = retry_after_of(headers, b"", now=time.time(), status=200)
            error.failure = replace(error.failure, retry_after=wait)
        raise


@contextmanager
def _without_keys(secrets: tuple[Secret, ...]) -> Iterator[None]:
    """Take out of a failure what was sent and must not be told, before any of it is cut short."""
    try:
        yield
    except UpstreamError as error:
        said = {name: getattr(error.failure, name) for name in _VENDORS_WORDS}
        masked = {name: text and mask(text, secrets) for name, text in said.items()}
        error.failure = replace(error.failure, **masked)
        raise


def _with_receipts(batch: Batch, receipts: tuple[Receipt, ...]) -> Batch:
    if not receipts or not isinstance(batch[0], ResponseStart):
        return batch
    first: StreamEvent = replace(batch[0], receipts=receipts)
    return [first, *batch[1:]]


class _Patience:
    """How long to wait for the next thing, and what it is called when it does not come."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._clock = asyncio.get_running_loop().time
        self._begun = self._clock()
        self._until = self._begun + timeouts.first_byte
        self._reason = "timeout_first_byte"

    def headers_came(self) -> None:
        self._until = self._begun + self._timeouts.first_token
        self._reason = "timeout_first_token"

    def event_came(self) -> None:
        self._until = self._clock() + self._timeouts.idle
        self._reason = "timeout_idle"

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await; raises `UpstreamError` with the reason of the limit that ran out first."""
        end = self._begun + self._timeouts.total
        until, reason = min((self._until, self._reason), (end, "timeout_total"))
        try:
            async with asyncio.timeout_at(until):
                return await awaitable
        except TimeoutError as error:
            seconds = until - self._begun
            message = f"no answer in time ({reason.removeprefix('timeout_')}, {seconds:.3g} s)"
            raise UpstreamError(Failure(reason=reason, message=message)) from error
