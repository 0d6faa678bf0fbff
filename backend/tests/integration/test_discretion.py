"""What a vendor repeats of our keys, wherever it puts them: nobody is shown any of it."""

import json

import pytest

from dragoman.chat import Category, LLMAuthenticationError
from dragoman.composition import Service
from dragoman.config import Configuration
from dragoman.testing import Script, scripted_upstream
from dragoman.testing.upstream import streamed, whole
from tests.support.server import configured, running

KEY = "canary+0123456789abcdef/zz"
OTHER_KEY = "canary+9876543210fedcba/yy"
MODELS = [{"id": "m", "name": "M", "description": "", "provider": "box", "default": True}]


def configuration(folder, url: str, key: str = KEY) -> Configuration:
    box = {"name": "Box", "speaks": "openai", "base_url": f"{url}/v1", "api_key_env": "BOX_KEY"}
    return configured(
        folder,
        {
            "BOX_KEY": key,
            "PROVIDERS": json.dumps({"box": box}),
            "MODELS": json.dumps(MODELS),
        },
    )


def failing(message: str = "no", **words: str) -> Script:
    return whole({"error": {"message": message, **words}}, status=401, x_request_id=KEY)


@pytest.mark.parametrize("word", ["message", "code", "type", "param"])
async def test_a_key_is_told_in_no_field_of_an_error(tmp_path, word):
    async with scripted_upstream() as upstream:
        upstream.play(failing(**{word: KEY}))
        async with running(configuration(tmp_path, upstream.url)) as dragoman:
            response = await dragoman.ask()
            assert response.status == 503
            assert "canary" not in await response.text()


@pytest.mark.parametrize("word", ["message", "code", "type", "param"])
async def test_a_key_is_told_in_no_field_of_a_streams_error(tmp_path, word):
    begun = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Good"}}]}\n\n'
    error = {"error": {"message": "no", word: KEY}}
    async with scripted_upstream() as upstream:
        upstream.play(streamed((begun, b"data: %b\n\n" % json.dumps(error).encode())))
        async with running(configuration(tmp_path, upstream.url)) as dragoman:
            token, failed = await dragoman.events()
    assert (token.content["content"], failed.name) == ("Good", "error")
    assert "canary" not in str(failed.content)


@pytest.mark.parametrize("before", range(480, 504, 3))
async def test_a_key_that_would_be_cut_short_is_not_told_in_part(tmp_path, before):
    async with scripted_upstream() as upstream:
        upstream.play(failing("a " * (before // 2) + KEY))
        async with running(configuration(tmp_path, upstream.url)) as dragoman:
            response = await dragoman.ask()
            assert "can" not in (await response.json())["error"].rpartition(" a ")[2]


async def test_a_key_that_was_replaced_meanwhile_is_not_told(tmp_path):
    before, after = (configuration(tmp_path, "http://127.0.0.1:9", key) for key in (KEY, OTHER_KEY))
    async with Service(before) as service:
        await service.reload(after)
        for key in (KEY, OTHER_KEY):
            error = LLMAuthenticationError(Category.AUTHENTICATION, f"no: {key}", code=key)
            assert "canary" not in str(service.explain(error))
