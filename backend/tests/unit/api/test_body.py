from collections.abc import Iterable
from typing import Any

import pytest

from dragoman.api.body import MAX_BODY, read_body
from dragoman.api.relay import ClientGone
from dragoman.chat import InvalidInput

Header = tuple[bytes, bytes]


class Client:
    """Sends a body in pieces; counts how many of them were asked for."""

    def __init__(self, *pieces: bytes, leaves: bool = False) -> None:
        self._messages = [
            {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
        ]
        if leaves:
            self._messages.append({"type": "http.disconnect"})
        elif self._messages:
            self._messages[-1]["more_body"] = False
        self.asked = 0

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        return self._messages[self.asked - 1]


def scope(*headers: Header, content_type: bytes | None = b"application/json") -> dict[str, Any]:
    typed = () if content_type is None else ((b"content-type", content_type),)
    return {"type": "http", "headers": [*typed, *headers]}


def endless() -> Iterable[bytes]:
    return [b"x" * 65_536] * 100


async def test_a_body_in_pieces_is_put_together():
    assert await read_body(scope(), Client(b'{"message"', b"", b': "Hello"}')) == (
        b'{"message": "Hello"}'
    )


async def test_a_message_without_a_body_is_an_empty_piece():
    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    assert await read_body(scope(), receive) == b""


async def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not():
    assert await read_body(scope(), Client(b"x" * 8, b"x" * 2), limit=10) == b"x" * 10

    with pytest.raises(InvalidInput) as caught:
        await read_body(scope(), Client(b"x" * 8, b"x" * 3), limit=10)
    assert caught.value.status == 413
    assert str(caught.value) == "body: must be at most 10 bytes long"


async def test_the_limit_is_a_mebibyte_where_nobody_says_otherwise():
    assert len(await read_body(scope(), Client(b"x" * MAX_BODY))) == 1 << 20
    with pytest.raises(InvalidInput):
        await read_body(scope(), Client(b"x" * MAX_BODY, b"x"))


async def test_a_declared_length_beyond_the_limit_is_refused_before_a_byte_is_read():
    client = Client(b"x" * 11)

    with pytest.raises(InvalidInput) as caught:
        await read_body(scope((b"content-length", b"11")), client, limit=10)

    assert (caught.value.status, client.asked) == (413, 0)


async def test_an_endless_body_is_not_read_past_the_limit():
    client = Client(*endless())

    with pytest.raises(InvalidInput) as caught:
        await read_body(scope(), client)

    assert (caught.value.status, client.asked) == (413, 17)


async def test_a_client_that_leaves_while_it_sends_is_gone():
    with pytest.raises(ClientGone):
        await read_body(scope(), Client(b'{"mess', leaves=True))


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json; charset=utf8; profile=x",
        b"application/problem+json",
        b"application/vnd.acme.v2+json",
        b"application/json;",
    ],
)
async def test_json_by_any_of_its_names_is_read(content_type: bytes):
    assert await read_body(scope(content_type=content_type), Client(b"{}")) == b"{}"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        b"",
        b"text/plain",
        b"text/json",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=application/json",
        b"application/jsonp",
        b"application/json, text/plain",
        b"application/xjson",
        b"json",
        b"application/json; charset=utf-16",
        b"application/json; charset=latin-1",
        b"application/json; charset",
        b"application/\xffjson",
    ],
)
async def test_anything_else_is_an_unsupported_type(content_type: bytes | None):
    client = Client(b"{}")

    with pytest.raises(InvalidInput) as caught:
        await read_body(scope(content_type=content_type), client)

    assert (caught.value.status, caught.value.path) == (415, "content-type")
    assert client.asked == 0


async def test_two_types_are_none():
    two = scope((b"content-type", b"application/json"))

    with pytest.raises(InvalidInput) as caught:
        await read_body(two, Client(b"{}"))

    assert caught.value.status == 415


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate, gzip", b"identity, gzip", b"zstd"])
async def test_a_compressed_body_is_refused(encoding: bytes):
    with pytest.raises(InvalidInput) as caught:
        await read_body(scope((b"content-encoding", encoding)), Client(b"{}"))

    assert (caught.value.status, caught.value.path) == (415, "content-encoding")


async def test_a_body_that_says_it_is_not_compressed_is_read():
    plain = scope((b"content-encoding", b"Identity"))

    assert await read_body(plain, Client(b"{}")) == b"{}"
