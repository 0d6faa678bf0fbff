"""What was recorded beside conversations: tokens counted, vectors made, models listed."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from msgspec import Struct

from dragoman.config import ModelEntry, ProviderRow
from dragoman.services.providers import (
    FAMILIES,
    Engines,
    HttpProvider,
    Runtime,
    VertexProvider,
    provider_of,
    registry,
)
from dragoman.services.providers.transport import MAX_BODY, Timeouts
from dragoman.services.routing import Candidate

from .recordings import corpus_folder

Subject = Literal["count", "vectors", "models"]

KEY: Final = "key-of-nobody"

# By its route, the subject of an exchange; none of another route is one of these.
_ROUTES: Final[tuple[tuple[str, Subject], ...]] = (
    ("/count_tokens", "count"),
    (":countTokens", "count"),
    ("/count-tokens", "count"),
    ("/responses/input_tokens", "count"),
    ("/v1/embeddings", "vectors"),
    # Azure's older route, with the deployment in it; what is asked there is the same.
    ("/test-deployment/embeddings", "vectors"),
    (":batchEmbedContents", "vectors"),
    (":embedContent", "vectors"),
    ("/v1/models", "models"),
)
# A route of any model's own body, and the field by which one asks for vectors.
_INVOKE: Final = "/invoke"
_FOR_VECTORS: Final = ("texts", "singleEmbeddingParams")


class KeylessVertex(VertexProvider, frozen=True, kw_only=True):
    """Vertex AI without credentials: what is recorded holds none."""

    def signer(self, config: object, runtime: object) -> None:
        """Sign nothing."""


_VOYAGE: Final = ProviderRow(
    "voyage", "Voyage AI", "openai", "https://api.voyageai.com/v1", "VOYAGE_API_KEY"
)
"""What an operator writes for a vendor that the catalog has not."""

PROVIDERS: Final[dict[str, HttpProvider]] = {
    "google-vertex": KeylessVertex(),
    "voyage": provider_of(_VOYAGE, FAMILIES),
}
OURS: Final = {"google": "gemini"}


class Aside(Struct, frozen=True):
    """One exchange: `path` is without its query, `request` and `answer` are JSON bodies."""

    name: str
    provider: str
    kind: Subject
    method: str
    host: str
    path: str
    request: bytes
    status: int
    headers: dict[str, str]
    answer: bytes

    @property
    def asked(self) -> Any:
        """The request's body, parsed."""
        return json.loads(self.request)

    @property
    def told(self) -> Any:
        """The answer's body, parsed."""
        return json.loads(self.answer)

    @property
    def ours(self) -> HttpProvider:
        """Our provider of that name."""
        found = PROVIDERS.get(self.provider) or registry.get(OURS.get(self.provider, self.provider))
        assert isinstance(found, HttpProvider)
        return found

    @property
    def model(self) -> str:
        """The vendor's name of the model, which stands in the body or in the address."""
        in_path = self.path.partition("/models/")[2] or self.path.partition("/model/")[2]
        named = (self.asked or {}).get("model") if self.request else None
        return named or in_path.replace("%3A", ":").rpartition("/")[0] or in_path.partition(":")[0]


def subject_of(path: str, body: Any) -> Subject | None:
    """Tell what an exchange beside conversations is about; `None` for any other."""
    route = path.partition("?")[0]
    if route.endswith(_INVOKE) and any(name in (body or {}) for name in _FOR_VECTORS):
        return "vectors"
    return next((subject for end, subject in _ROUTES if route.endswith(end)), None)


def load_asides(folder: Path) -> tuple[Aside, ...]:
    """Load every exchange beside conversations, in the order of the index."""
    index = json.loads((folder / "index.json").read_bytes())["index"]
    loaded = (_load(folder, row) for row in index)
    return tuple(aside for aside in loaded if aside is not None)


def _load(folder: Path, row: Mapping[str, Any]) -> Aside | None:
    exchange = json.loads((folder / row["file"]).read_bytes())
    asked, answer = exchange.get("request") or {}, exchange["response"]
    subject = subject_of(asked.get("path", ""), asked.get("body"))
    if subject is None:
        return None
    return Aside(
        name=row["file"].removesuffix(".json"),
        provider=row["provider"],
        kind=subject,
        method=asked["method"].upper(),
        host=asked["host"],
        path=asked["path"].partition("?")[0],
        request=json.dumps(asked["body"]).encode() if asked["body"] else b"",
        status=answer["status"],
        headers=answer["headers"],
        answer=answer["body"].encode(),
    )


_folder = corpus_folder(os.environ)
ASIDES: Final = () if _folder is None else load_asides(_folder)


def asides(subject: Subject, *, status: int | None = None) -> pytest.MarkDecorator:
    """Hold a test against every exchange of a subject, as `recording`; `None`: of any status."""
    chosen = [one for one in ASIDES if one.kind == subject and status in (None, one.status)]
    return pytest.mark.parametrize("recording", chosen, ids=lambda one: one.name)


class Sent(Struct, frozen=True):
    """What was asked of the recording."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Replay:
    """An `Upstream` that has one answer, the recorded one, and keeps what it was asked."""

    def __init__(self, recording: Aside) -> None:
        self._recording = recording
        self.sent: list[Sent] = []

    @asynccontextmanager
    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator["Answer"]:
        """Give the recorded answer, whatever is asked."""
        self.sent.append(Sent(method, url, dict(headers), body))
        yield Answer(self._recording)


class Answer:
    """A recorded answer, as `UpstreamResponse` has it."""

    def __init__(self, recording: Aside) -> None:
        self.status = recording.status
        self.headers = recording.headers
        self._body = recording.answer

    async def read(self, *, limit: int = MAX_BODY) -> bytes:
        """Give all of it at once, and nothing after that."""
        assert len(self._body) <= limit
        body, self._body = self._body, b""
        return body

    async def chunks(self, *, limit: int = MAX_BODY) -> AsyncIterator[bytes]:
        """Give all of it at once."""
        yield await self.read(limit=limit)


def candidate_of(recording: Aside, replay: Replay) -> Candidate:
    """Give the recorded model, under another name here, behind the recording."""
    provider = recording.ours
    region, _, _ = recording.host.removeprefix("bedrock-runtime.").partition(".")
    _, _, project, _, location, *_ = (recording.path + "/" * 6).split("/")[1:]
    environ = {
        provider.api_key_env or "NO_KEY": KEY,
        "AWS_REGION": region,
        "AZURE_OPENAI_BASE_URL": f"https://{recording.host}/openai/v1",
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_CLOUD_LOCATION": location,
    }
    entry = ModelEntry("ours", "Ours", "", provider.provider_id, upstream_id=recording.model)
    return Candidate(entry, provider, Runtime(environ, replay, Timeouts(), Engines()))
