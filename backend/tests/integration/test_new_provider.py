"""A provider nobody has heard of, with a wire of its own: this file is all there is of it."""

import json
from collections.abc import Iterable, Mapping

from dragoman.chat import (
    Category,
    ChatRequest,
    Failure,
    LLMServiceError,
    PartDelta,
    PartEnd,
    PartStart,
    Reply,
    ResponseEnd,
    ResponseStart,
    Stop,
    StopReason,
    StreamEvent,
    Text,
    text_of,
)
from dragoman.services.providers import ErrorRow, HttpProvider, ProviderRegistry, registry
from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import streamed, whole
from dragoman.wire.base import Written, malformed
from dragoman.wire.sse import SseEvent
from dragoman.wire.stream import EventStreamReader
from tests.support.server import configured, running


class WordsReader(EventStreamReader):
    """Each event is a word; the event `full-stop` ends the sentence."""

    _open = False

    def _take(self, event: SseEvent) -> None:
        if event.name == "full-stop":
            self._emit(PartEnd(0))
            self._emit(ResponseEnd(Stop(StopReason.STOP)))
            self._ended = True
            return
        if not self._open:
            self._open = True
            self._emit(ResponseStart())
            self._emit(PartStart(0, Text("")))
        self._emit(PartDelta(0, event.data.decode(), source=self._claim()))

    def _finish(self, *, clean: bool) -> None:
        if not self._ended:
            self._interrupted()


class Words:
    """The wire: `{"who", "say"}` goes out, `{"said"}` or words come back."""

    name = "words"
    path = "/say"

    def read_request(self, body: bytes) -> ChatRequest:
        raise NotImplementedError

    def write_request(self, request: ChatRequest, *, without: frozenset[str]) -> Written:
        say = text_of(request.messages[-1].parts)
        return Written(json.dumps({"who": request.model, "say": say}).encode())

    def read_reply(self, body: bytes) -> Reply:
        try:
            said = json.loads(body)["said"]
        except (ValueError, KeyError) as error:
            raise malformed("bad_json", "no word was said") from error
        return Reply(parts=(Text(said),), stop=Stop(StopReason.STOP))

    def write_reply(self, reply: Reply) -> bytes:
        raise NotImplementedError

    def stream_reader(self) -> WordsReader:
        return WordsReader()

    def stream_writer(self) -> "Words":
        raise NotImplementedError

    def write(self, events: Iterable[StreamEvent]) -> bytes:
        raise NotImplementedError

    def fail(self, error: LLMServiceError) -> bytes:
        raise NotImplementedError

    def read_failure(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return Failure(status=status, code=json.loads(body)["why"])

    def write_failure(self, error: LLMServiceError) -> bytes:
        raise NotImplementedError


def parrot(url: str) -> HttpProvider:
    return HttpProvider(
        provider_id="parrot",
        name="Parrot",
        wire=Words(),
        base_url=url,
        api_key_env="PARROT_API_KEY",
        key_header=("x-seed", ""),
        error_rows=(ErrorRow(code="moulting", category=Category.OVERLOADED),),
    )


MODELS = [{"id": "polly", "name": "Polly", "description": "Repeats", "provider": "parrot"}]
ENVIRON = {"MODELS": json.dumps(MODELS), "PARROT_API_KEY": "sunflower-seed"}


def with_parrot(url: str) -> ProviderRegistry:
    return registry.extended([parrot(url)])


async def test_it_lists_its_model_and_chats_through_http(tmp_path):
    async with scripted_upstream() as upstream:
        configuration = configured(tmp_path, ENVIRON)
        async with running(configuration, providers=with_parrot(upstream.url)) as dragoman:
            listed = await (await dragoman.client.get("/api/v1/models")).json()
            upstream.play(whole({"said": "Pieces of eight"}))
            answer = await (await dragoman.ask("Speak")).json()
            upstream.play(
                streamed([b"data: Pieces\n\n", b"data:  of\n\nevent: full-stop\ndata:\n\n"])
            )
            events = await dragoman.events("Speak")

    assert [model["id"] for model in listed["models"]] == ["polly"]
    assert answer["message"] == "Pieces of eight"
    assert upstream.received[0].json == {"who": "polly", "say": "Speak"}
    assert upstream.received[0].headers["x-seed"] == "sunflower-seed"
    assert [event.content.get("content") for event in events] == ["Pieces", " of", None]
    assert events[-1].content["type"] == "complete"


async def test_its_errors_mean_the_same_as_everybody_elses(tmp_path):
    async with scripted_upstream() as upstream:
        configuration = configured(tmp_path, ENVIRON)
        async with running(configuration, providers=with_parrot(upstream.url)) as dragoman:
            upstream.play(Script(418, {"retry-after": "3"}, (b'{"why": "moulting"}',)))
            response = await dragoman.ask("Speak")
            error = await response.json()
            upstream.play(streamed([b"data: Pieces\n\n"]))
            cut = await dragoman.events("Speak")

    assert (response.status, error["code"]) == (503, "LLM_ERROR")
    assert error["detail"]["category"] == "overloaded"
    assert error["detail"]["vendorCode"] == "moulting"
    assert response.headers["retry-after"] == "3"
    assert [event.content["type"] for event in cut] == ["token", "error"]
