"""A model behind an address: a request becomes bytes, an answer becomes events."""

from collections.abc import Mapping
from typing import Final, Protocol

from msgspec.structs import replace

from dragoman.chat import ChatRequest, Reply
from dragoman.config.facts import ModelEntry
from dragoman.observability.secrets import Secret
from dragoman.services.providers.base import Batches, Outgoing, ProviderConfig, complete
from dragoman.services.providers.headers import brought
from dragoman.services.providers.http_reply import HttpReply, Line
from dragoman.services.providers.narrowing import effort_of, narrowed, refuse_losses
from dragoman.services.providers.signing import Signer
from dragoman.services.providers.transport import Timeouts, Upstream
from dragoman.wire.base import ProviderSide

_PLAIN: Final = frozenset({"content-type", "accept-encoding"})


class Row(Protocol):
    """What a model must know of its provider: the columns of `HttpProvider` that are used here."""

    @property
    def without(self) -> frozenset[str]:
        """What this vendor's dialect does not take."""
        ...

    @property
    def needs_output_limit(self) -> bool:
        """Whether the wire insists on a limit of the output."""
        ...

    @property
    def api_version_header(self) -> str | None:
        """The header that takes the version of the vendor's API."""
        ...

    @property
    def stream_types(self) -> frozenset[str]:
        """The content types of its streams."""
        ...

    def wire_for(self, request: ChatRequest, model: ModelEntry) -> ProviderSide:
        """Choose the wire to ask in."""
        ...

    def request_headers(
        self, config: ProviderConfig, model: ModelEntry | None, client: Mapping[str, str]
    ) -> dict[str, str]:
        """Give the headers of a request."""
        ...

    def refused_by(
        self, model: ModelEntry, client: Mapping[str, str], *, effort: str | None
    ) -> tuple[str, ...]:
        """Give what the model refuses."""
        ...

    def own_headers(self) -> frozenset[str]:
        """Give the names of the headers that no client may set."""
        ...

    def secrets(self, config: ProviderConfig) -> tuple[Secret, ...]:
        """Give what is sent and must not be told."""
        ...


class HttpChatModel:
    """A model behind a wire format and an address."""

    def __init__(
        self,
        provider: Row,
        config: ProviderConfig,
        model: ModelEntry,
        upstream: Upstream,
        timeouts: Timeouts,
        signer: Signer | None = None,
    ) -> None:
        self._provider = provider
        self._config = config
        self._model = model
        self._line = Line(model, upstream, timeouts, signer, provider.stream_types)
        self._vendor_id = model.vendor_id
        self._own_headers = provider.own_headers()
        self._headers = provider.request_headers(config, model, {})
        self._secrets = provider.secrets(config)
        self._plain = _PLAIN.union((provider.api_version_header or "",))

    def outgoing(self, request: ChatRequest) -> Outgoing:
        """Translate a request; sends nothing. Raises `LLMServiceError` for what cannot be said."""
        return self.outgoing_in(self._provider.wire_for(request, self._model), request)

    def outgoing_in(self, wire: ProviderSide, request: ChatRequest) -> Outgoing:
        """Translate a request into `wire`, whichever the choice would be; see `outgoing`."""
        if request.model != self._vendor_id:
            request = replace(request, model=self._vendor_id)
        if self._provider.needs_output_limit and request.limits.output is None:
            request = replace(
                request, limits=replace(request.limits, output=self._model.max_output_tokens)
            )
        client, behind = brought(request.headers, wire.name, without=self._own_headers)
        refused = self._provider.refused_by(
            self._model, client, effort=effort_of(request, self._model)
        )
        own = request.extras is not None and request.extras.wire == wire.name
        fit = narrowed(request, self._model, refused, own=own)
        without = self._provider.without | fit.fields
        written = wire.write_request(fit.request, without=without)
        receipts = behind + fit.receipts + written.receipts
        if request.strict:
            refuse_losses(receipts, self._model)
        return Outgoing(
            url=self._config.base_url + (written.path or wire.path),
            headers=self._headers_with(client),
            body=written.body,
            receipts=receipts,
            plain=self._plain.union(client) if client else self._plain,
            secrets=self._secrets,
        )

    def _headers_with(self, client: Mapping[str, str]) -> Mapping[str, str]:
        if not client:
            return self._headers
        return self._provider.request_headers(self._config, self._model, client)

    def stream(self, request: ChatRequest) -> Batches:
        """Ask; see `ChatModel.stream`. An answer in the other mode is understood all the same."""
        wire = self._provider.wire_for(request, self._model)
        outgoing = self.outgoing_in(wire, request)
        return HttpReply(self._line, wire, outgoing, streamed=request.stream)

    async def complete(self, request: ChatRequest) -> Reply:
        """Ask for a whole reply."""
        return await complete(self, request)
