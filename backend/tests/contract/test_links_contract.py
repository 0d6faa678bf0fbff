"""Addresses in a request: the public web's go on, those of a private network go nowhere."""

import pytest

from dragoman.testing.upstream import whole
from tests.support.tapes import openai_whole

HERE = [
    "file:///etc/passwd",
    "ftp://example.com/a.png",
    "gopher://example.com/",
    "http://127.0.0.1/a.png",
    "http://localhost:8000/a.png",
    "http://app.localhost/a.png",
    "http://2130706433/a.png",
    "http://0x7f.1/a.png",
    "http://0/a.png",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/a.png",
    "https://192.168.1.1/a.png",
    "http://[::1]/a.png",
    "http://[::ffff:10.0.0.1]/a.png",
    "http://[fe80::1]/a.png",
    "http://metadata.google.internal/a.png",
    "http:///a.png",
    "http://[/a.png",
]


def chat(url: str) -> tuple[str, dict]:
    picture = {"type": "image_url", "image_url": {"url": url}}
    return "/v1/chat/completions", {
        "model": "gpt",
        "messages": [{"role": "user", "content": [picture]}],
    }


def messages(url: str) -> tuple[str, dict]:
    picture = {"type": "image", "source": {"type": "url", "url": url}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [picture]}
    call = {"type": "tool_use", "id": "c", "name": "look", "input": {}}
    return "/v1/messages", {
        "model": "gpt",
        "max_tokens": 9,
        "messages": [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
    }


def responses(url: str) -> tuple[str, dict]:
    picture = {"type": "input_image", "image_url": url}
    return "/v1/responses", {"model": "gpt", "input": [{"role": "user", "content": [picture]}]}


@pytest.mark.parametrize("asked", [chat, messages, responses])
@pytest.mark.parametrize("url", HERE)
async def test_an_address_that_is_not_public_goes_nowhere(dragoman, upstream, asked, url):
    path, body = asked(url)

    response = await dragoman.client.post(path, json=body)
    error = (await response.json())["error"]

    assert response.status == 400
    assert "address" in error["message"]
    assert url not in error["message"]
    assert upstream.received == []


@pytest.mark.parametrize(
    "url", ["https://example.com/a.png", "http://93.184.215.14/a.png", "https://[2606:4700::1]/a"]
)
async def test_an_address_of_the_web_goes_on_unfetched(dragoman, upstream, url):
    upstream.play(whole(openai_whole("A cat")))
    path, body = chat(url)

    response = await dragoman.client.post(path, json=body)

    assert response.status == 200
    (part,) = upstream.received[0].json["messages"][0]["content"]
    assert part["image_url"]["url"] == url
