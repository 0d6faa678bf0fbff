"""Raw bytes against the real server: what is let in, and what could be read in two ways."""

import pytest

from tests.support.raw_http import CHUNKED, HOST, Running, get, post

# What is in order.


def test_an_ordinary_request_is_served_and_the_connection_kept(dragoman: Running):
    peer = dragoman.peer()

    for path in (b"/one", b"/two"):
        peer.say(post(path, b"Content-Length: 5\r\n", body=b"Hello"))
        reply = peer.reply()
        assert (reply.status, reply.json["path"], reply.json["body"]) == (
            200,
            path.decode(),
            "Hello",
        )


def test_a_request_may_come_byte_by_byte(dragoman: Running):
    peer = dragoman.peer()
    for byte in post(b"/slow", CHUNKED, body=b"3;a=b\r\nHel\r\n2\r\nlo\r\n0\r\n\r\n"):
        peer.say(bytes([byte]))

    assert peer.reply().json["body"] == "Hello"


def test_a_large_body_arrives_whole(dragoman: Running):
    body = b"x" * 900_000

    peer = dragoman.ask(post(b"/large-body", b"Content-Length: 900000\r\n", body=body))

    assert len(peer.reply().json["body"]) == 900_000


def test_requests_sent_at_once_are_answered_in_order(dragoman: Running):
    peer = dragoman.ask(b"".join(get(b"/%d" % number) for number in range(8)))

    assert [peer.reply().json["path"] for _ in range(8)] == [f"/{n}" for n in range(8)]


def test_an_offer_to_change_the_protocol_is_declined(dragoman: Running):
    offer = (b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n")
    peer = dragoman.ask(get(b"/one", *offer) + get(b"/two"))

    assert [peer.reply().json["path"] for _ in range(2)] == ["/one", "/two"]


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_behind_an_offer_is_no_request_of_its_own(dragoman: Running, *, in_chunks: bool):
    body = get(b"/smuggled")
    length = b"Content-Length: %d\r\n" % len(body)
    offer = (b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n")
    framing = CHUNKED if in_chunks else length
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if in_chunks else body
    peer = dragoman.ask(post(b"/one", *offer, framing, body=sent) + get(b"/two"))

    first, second = peer.reply().json, peer.reply().json
    assert (first["path"], first["body"]) == ("/one", body.decode())
    assert second["path"] == "/two"
    assert dragoman.application.reached == ["/one", "/two"]


def test_a_websocket_is_declined(dragoman: Running):
    peer = dragoman.ask(get(b"/", b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n"))

    assert peer.reply().status == 200


def test_an_old_client_is_served_once(dragoman: Running):
    peer = dragoman.ask(b"GET /old HTTP/1.0\r\n\r\n")

    assert peer.last_reply().json["path"] == "/old"


def test_an_address_may_be_written_out(dragoman: Running):
    peer = dragoman.ask(get(b"http://LocalHost/path?q=1"))

    assert peer.reply().json["path"] == "/path"


def test_a_blank_line_after_a_request_harms_nobody(dragoman: Running):
    peer = dragoman.ask(get(b"/one") + b"\r\n")
    assert peer.reply().status == 200

    peer.say(b"\r\n" + get(b"/two"))
    assert peer.reply().json["path"] == "/two"


# What could be read in two ways (C16).

MALFORMED = {
    "two hosts": get(b"/", b"Host: localhost\r\n"),
    "two different hosts": get(b"/", b"Host: evil.example\r\n"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n",
    "a host with a user": b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n",
    "a host with a space": b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
    "a list of hosts": b"GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n",
    "another host in the address": get(b"http://evil.example/"),
    "an address without a path": get(b"http://localhost"),
    "length and chunks": post(b"/", b"Content-Length: 5\r\n", CHUNKED, body=b"0\r\n\r\n"),
    "chunks and length": post(b"/", CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n"),
    "two lengths": post(b"/", b"Content-Length: 1\r\n", b"Content-Length: 2\r\n", body=b"ab"),
    "one length twice": post(b"/", b"Content-Length: 1\r\n" * 2, body=b"a"),
    "a list of lengths": post(b"/", b"Content-Length: 1, 1\r\n", body=b"a"),
    "a signed length": post(b"/", b"Content-Length: +1\r\n", body=b"a"),
    "a negative length": post(b"/", b"Content-Length: -1\r\n", body=b"a"),
    "a length in hex": post(b"/", b"Content-Length: 0x1\r\n", body=b"a"),
    "a length beyond all": post(b"/", b"Content-Length: 99999999999999999999\r\n"),
    "no length at all": post(b"/", b"Content-Length: \r\n"),
    "chunked twice": post(b"/", CHUNKED * 2, body=b"0\r\n\r\n"),
    "another coding": post(b"/", b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    "an unknown coding": post(b"/", b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n"),
    "identity": post(b"/", b"Transfer-Encoding: identity\r\n", body=b"0\r\n\r\n"),
    "a tab before chunked": post(b"/", b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n",
    "a bare LF": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a bare LF after a header": b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "a bare CR": b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
    "a folded header": get(b"/", b"X: y\r\n z\r\n"),
    "a header folded by a tab": get(b"/", b"X: y\r\n\tz\r\n"),
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a space before the first header": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "a header without a colon": get(b"/", b"X\r\n"),
    "a header without a name": get(b"/", b": y\r\n"),
    "a NUL in a header": get(b"/", b"X: a\x00b\r\n"),
    "a name in brackets": get(b"/", b"X(y): z\r\n"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "an older version": b"GET / HTTP/0.9\r\n" + HOST + b"\r\n",
    "a newer version": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "an unknown version": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the address": get(b"/a b"),
    "a NUL in the address": get(b"/\x00"),
    "raw bytes in the address": get(b"/\xff"),
}
BAD_CHUNKS = {
    "a chunk of no size": b"\r\nabc\r\n0\r\n\r\n",
    "a chunk's size in words": b"three\r\nabc\r\n0\r\n\r\n",
    "a chunk's size with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk's size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a space before a chunk's size": b" 3\r\nabc\r\n0\r\n\r\n",
    "a space after a chunk's size": b"3 \r\nabc\r\n0\r\n\r\n",
    "a chunk too long for its size": b"2\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all": b"ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
    "a bare LF after a chunk's size": b"3\nabc\r\n0\r\n\r\n",
    "a bare LF after a chunk": b"3\r\nabc\n0\r\n\r\n",
    "a bare LF in an extension": b"3;a\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_head_is_refused_and_reaches_nobody(dragoman: Running, name: str):
    reply = dragoman.ask(MALFORMED[name]).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")
    assert dragoman.application.reached == []


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_a_malformed_chunk_is_refused(dragoman: Running, name: str):
    reply = dragoman.ask(post(b"/chunks", CHUNKED, body=BAD_CHUNKS[name])).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")


def test_the_body_of_a_refused_request_is_not_taken_for_another(dragoman: Running):
    smuggled = b"0\r\n\r\n" + get(b"/smuggled")
    length = b"Content-Length: %d\r\n" % len(smuggled)

    peer = dragoman.ask(post(b"/outer", length, CHUNKED, body=smuggled) + get(b"/after"))

    assert peer.last_reply().status == 400
    assert dragoman.application.reached == []


def test_a_trailer_is_no_header(dragoman: Running):
    body = b"3\r\nabc\r\n0\r\nHost: evil.example\r\nAuthorization: Bearer x\r\n\r\n"

    reply = dragoman.ask(post(b"/trailer", CHUNKED, body=body)).reply()

    names = [name for name, _ in reply.json["headers"]]
    assert names == ["host", "content-type", "transfer-encoding"]


def test_a_refusal_is_in_the_words_of_every_other_error(dragoman: Running):
    reply = dragoman.ask(b"GET / HTTP/1.1\r\n\r\n").last_reply()

    assert reply.headers["content-type"] == "application/json"
    assert sorted(reply.json) == ["code", "error", "reason", "request_id", "status", "timestamp"]
    assert (reply.json["status"], reply.json["code"]) == ("error", "INVALID_REQUEST")
    assert reply.json["error"] == "there must be one Host header, and it must name a host"
    assert reply.json["request_id"] == reply.headers["x-request-id"]


def test_every_answer_carries_the_security_headers_and_no_banner(dragoman: Running):
    served = dragoman.ask(get()).reply()
    refused = dragoman.ask(b"GET / HTTP/1.1\r\n\r\n").reply()

    for reply in (served, refused):
        assert {
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
        }.items() <= reply.headers.items()
        assert "server" not in reply.headers
        assert not [name for name in reply.headers if name.startswith("access-control-")]
        assert "uvicorn" not in str(reply).lower()


def test_what_a_proxy_would_say_is_not_believed(dragoman: Running):
    reply = dragoman.ask(
        get(
            b"/",
            b"X-Forwarded-For: 203.0.113.7\r\n",
            b"X-Forwarded-Proto: https\r\n",
            b"X-Forwarded-Host: evil.example\r\n",
        )
    ).reply()

    assert (reply.json["client"], reply.json["scheme"]) == ("127.0.0.1", "http")


def test_the_server_is_no_proxy(dragoman: Running):
    reply = dragoman.ask(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    refused = reply.last_reply()
    assert refused.status == 405
    assert "GET" in refused.headers["allow"]
    assert dragoman.application.reached == []
