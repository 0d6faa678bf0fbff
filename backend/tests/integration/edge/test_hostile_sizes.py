"""Raw bytes against the real server: what is too large, and what it costs."""

import socket
import time
from pathlib import Path

import pytest

from tests.support.raw_http import (
    CHUNKED,
    HOST,
    PATIENCE,
    Peer,
    Running,
    get,
    post,
    serving_apart,
    until,
)

# What is too large (C13).


def head_of(size: int) -> bytes:
    """Make a request whose head is that long."""
    begin = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "
    return begin + b"y" * (size - len(begin) - 4) + b"\r\n\r\n"


def test_a_head_of_the_greatest_size_is_read_and_one_byte_more_is_not(dragoman: Running):
    assert len(head_of(16_384)) == 16_384
    assert dragoman.ask(head_of(16_384)).reply().status == 200

    reply = dragoman.ask(head_of(16_385)).last_reply()
    assert (reply.status, reply.json["reason"]) == (431, "headers_too_large")


def test_the_size_is_that_of_one_head_not_of_the_connection(dragoman: Running):
    peer = dragoman.peer()

    for _ in range(3):
        peer.say(head_of(16_384))
        assert peer.reply().status == 200


def test_a_head_of_the_greatest_size_may_have_a_body(dragoman: Running):
    length = b"Content-Length: 2\r\n"
    filling = b"X: %b\r\n" % (b"y" * (16_384 - len(post(b"/", length)) - 5))
    peer = dragoman.ask(post(b"/", length, filling))
    time.sleep(0.1)
    peer.say(b"{}")

    assert peer.reply().json["body"] == "{}"


def test_a_body_is_no_part_of_the_head(dragoman: Running):
    body = b"x" * 40_000
    peer = dragoman.ask(post(b"/", b"Content-Length: 40000\r\n", body=body) + head_of(16_384))

    assert [peer.reply().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("size", [16_385, 100_000, 4_000_000])
def test_one_endless_header_is_refused_while_it_comes(dragoman: Running, size: int):
    peer = dragoman.ask(b"GET / HTTP/1.1\r\n" + HOST + b"X: ")
    peer.say_while_heard(b"y" * size, times=1)

    assert peer.last_reply().status == 431
    assert dragoman.application.reached == []


@pytest.mark.parametrize("filling", [b"X: " + b" " * 20_000, b"X" * 20_000, b"X: y\r\n" * 90 * 40])
def test_a_head_is_measured_whatever_it_is_filled_with(dragoman: Running, filling: bytes):
    assert dragoman.ask(get(b"/", filling)).last_reply().status == 431


def test_endless_blank_lines_are_no_request(dragoman: Running):
    assert dragoman.ask(b"\r\n" * 10_000).last_reply().status == 431


def test_a_hundred_headers_are_read_and_one_more_is_not(dragoman: Running):
    headers = [b"X-%d: y\r\n" % number for number in range(99)]

    assert dragoman.ask(get(b"/", *headers)).reply().status == 200
    reply = dragoman.ask(get(b"/", *headers, b"One: more\r\n")).last_reply()
    assert (reply.status, reply.json["error"]) == (431, "there are too many headers")


def test_an_address_of_the_greatest_length_is_read_and_one_byte_more_is_not(dragoman: Running):
    longest = b"/" + b"a" * 8_191

    assert dragoman.ask(get(longest)).reply().json["path"] == longest.decode()
    reply = dragoman.ask(get(longest + b"a")).last_reply()
    assert (reply.status, reply.json["reason"]) == (414, "url_too_long")


def test_an_endless_address_is_refused_while_it_comes(dragoman: Running):
    peer = dragoman.ask(b"GET /")
    peer.say_while_heard(b"a" * 65_536, times=100)

    assert peer.last_reply().status == 414


@pytest.mark.parametrize(
    "beside",
    [
        b"1;" + b"e" * 40_000 + b"\r\na\r\n",
        b"0\r\nX: " + b"y" * 40_000,
        b"0\r\n" + b"X: y\r\n" * 9_000,
    ],
    ids=["an extension", "a trailer", "many trailers"],
)
def test_what_stands_beside_a_body_is_measured_as_well(dragoman: Running, beside: bytes):
    reply = dragoman.ask(post(b"/", CHUNKED, body=beside)).last_reply()

    assert (reply.status, reply.json["reason"]) == (400, "bad_request")


def test_requests_sent_at_once_are_taken_up_to_a_bound(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + get(b"/next") * 100)

    assert b"HTTP/1.1 4" not in peer.rest_or_reset()
    assert dragoman.application.reached == ["/stream"]


LARGE = {
    "a header": b"GET / HTTP/1.1\r\n" + HOST + b"X: ",
    "an address": b"GET /",
    "a body": post(b"/bounded", CHUNKED, body=b"ffffffff\r\n"),
    "an extension": post(b"/bounded", CHUNKED, body=b"1;"),
    "a trailer": post(b"/bounded", CHUNKED, body=b"0\r\nX: "),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.parametrize("name", LARGE)
def test_whatever_is_sent_takes_no_memory(name: str):
    with serving_apart() as (pid, address):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            warm = Peer(connection)
            warm.say(post(b"/bounded", b"Content-Length: 1048576\r\n", body=b"x" * 1_048_576))
            assert warm.reply().status == 200
        before = peak_memory(pid)
        for _ in range(4):
            with socket.create_connection(address, timeout=PATIENCE) as connection:
                peer = Peer(connection)
                peer.say(LARGE[name])
                peer.say_while_heard(b"x" * (1 << 20), times=32)
                assert peer.reply().status in {400, 413, 414, 431}
        after = peak_memory(pid)

    assert after - before < 4_096, "KiB of memory for 128 MiB that were sent"


def peak_memory(pid: int) -> int:
    """Give the most memory that a process has had, in KiB."""
    facts = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(fact.split()[1]) for fact in facts if fact.startswith("VmHWM"))


# What is refused while the client is still sending (C01).


# Where a connection is reset, what was sent to the client last may be lost before it is read: so in
# these, everything must be taken to the end, though nobody wants it.


def test_a_client_that_sends_too_much_hears_why(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", b"Content-Length: 8388608\r\n"))
    assert peer.say_while_heard(b"x" * 65_536, times=128) == 128

    reply = peer.reply()
    assert (reply.status, reply.json["error"]) == (
        413,
        "body: must be at most 1,048,576 bytes long",
    )
    assert peer.rest() == b""


def test_a_client_that_never_ends_its_body_hears_why(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", CHUNKED))
    assert peer.say_while_heard(b"10000\r\n" + b"x" * 65_536 + b"\r\n", times=128) == 128

    assert peer.reply().status == 413
    assert peer.rest() == b""


def test_a_client_that_wants_to_close_hears_why_too(dragoman: Running):
    length = b"Content-Length: 8388608\r\n"
    peer = dragoman.ask(post(b"/bounded", b"Connection: close\r\n", length))
    assert peer.say_while_heard(b"x" * 65_536, times=128) == 128

    assert peer.last_reply().status == 413


def test_a_client_that_never_stops_is_not_listened_to_for_ever(dragoman: Running):
    peer = dragoman.ask(post(b"/bounded", CHUNKED))
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    assert peer.say_while_heard(piece, times=100_000, pause=0.01) < 100_000
    until(lambda: dragoman.connections() == 0)


def test_a_client_that_asks_first_sends_no_body_in_vain(dragoman: Running):
    expecting = b"Expect: 100-continue\r\n"

    refused = dragoman.ask(post(b"/bounded", b"Content-Length: 8388608\r\n", expecting))
    assert refused.reply().status == 413

    welcome = dragoman.ask(post(b"/bounded", b"Content-Length: 2\r\n", expecting))
    assert welcome.reply().status == 100
    welcome.say(b"{}")
    assert welcome.reply().json == {"length": 2}
