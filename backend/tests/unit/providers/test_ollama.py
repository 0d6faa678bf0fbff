"""Ollama by its own API: a row that speaks it, and what its tests are told."""

import json

import pytest

from dragoman.config import ProviderRow
from dragoman.services.providers import FAMILIES, provider_of
from dragoman.services.providers.ollama import OLLAMA_ERRORS
from dragoman.testing import NotOffered
from dragoman.testing.conformance.ollama_voice import OllamaVoice
from dragoman.testing.conformance.suite import CASES as ALL_CASES
from tests.unit.providers import ProviderContract

CASES = {case.name: case for case in ALL_CASES}
BOX = provider_of(
    ProviderRow(id="box", name="Box", speaks="ollama", base_url="http://127.0.0.1:11434"), FAMILIES
)


class TestOllamaRow(ProviderContract):
    provider = BOX
    voice = OllamaVoice()


class Mute(ProviderContract):
    provider = BOX


class Plain(ProviderContract):
    provider = BOX

    def whole(self, text):
        said = {"message": {"role": "assistant", "content": text}, "done": True}
        return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("contract", "name", "why"),
    [
        (Mute, "plain.arrives", r"neither whole\(\) nor a voice"),
        (Mute, "stream.arrives", r"neither stream\(\) nor a voice"),
        (Plain, "stream.arrives", r"neither stream\(\) nor a voice"),
        (Plain, "tools.call_arrives_whole", "give it a voice"),
    ],
)
async def test_a_test_class_that_cannot_answer_is_told_what_it_lacks(contract, name, why):
    with pytest.raises(NotOffered, match=why):
        await CASES[name].run(contract().bench())


def test_a_row_that_speaks_it_takes_over_how_it_streams_and_where_its_models_are():
    assert BOX.stream_types == {"application/x-ndjson"}
    assert (BOX.models_path, BOX.embeddings_path) == ("/v1/models", "/v1/embeddings")
    assert BOX.error_rows == OLLAMA_ERRORS


def test_every_row_of_its_errors_has_a_source():
    assert all(row.source for row in OLLAMA_ERRORS)
