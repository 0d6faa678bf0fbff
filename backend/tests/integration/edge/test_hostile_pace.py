"""Raw bytes against the real server: what takes too long, and how connections end."""

import socket
import time

import pytest

from dragoman.api.protocol import EdgeLimits
from tests.support.raw_http import CHUNKED, HOST, LOOPS, QUICK, Running, get, post, serving, until

# What takes too long (C14, C15, C24).


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(dragoman: Running):
    assert dragoman.peer().rest() == b""


def test_a_head_that_does_not_end_is_not_waited_for(dragoman: Running):
    peer = dragoman.ask(b"GET / HTTP/1.1\r\n" + HOST)
    said = peer.say_while_heard(b"X: y\r\n", times=200, pause=0.05)

    reply = peer.last_reply()
    assert said < 200
    assert (reply.status, reply.json["reason"]) == (408, "header_timeout")
    assert dragoman.application.reached == []


def test_a_second_head_is_waited_for_no_longer_than_the_first(dragoman: Running):
    peer = dragoman.ask(get())
    assert peer.reply().status == 200

    peer.say(b"GET / HT")
    assert peer.last_reply().status == 408


def test_one_byte_does_not_keep_an_idle_connection(dragoman: Running):
    peer = dragoman.ask(get())
    assert peer.reply().status == 200

    peer.say(b"\r\n")
    assert peer.last_reply().status == 408


def test_an_idle_connection_is_closed_without_a_word(dragoman: Running):
    peer = dragoman.ask(post(b"/", CHUNKED, body=b"2\r\n{}\r\n"))
    time.sleep(0.1)
    peer.say(b"0\r\n\r\n")

    assert peer.reply().status == 200
    assert peer.rest() == b""


@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n", CHUNKED])
def test_a_body_that_trickles_is_not_waited_for(dragoman: Running, framing: bytes):
    peer = dragoman.ask(post(b"/trickle", framing))
    piece = b"1\r\nx\r\n" if framing == CHUNKED else b"x"
    said = peer.say_while_heard(piece, times=200, pause=0.05)

    reply = peer.last_reply()
    assert said < 200
    assert (reply.status, reply.json["reason"]) == (408, "body_timeout")
    until(lambda: dragoman.application.left == ["/trickle"])


def test_a_body_that_is_long_in_coming_but_comes_is_read(dragoman: Running):
    pieces, pause = 12, 0.1  # in all three times as long as a body may take to bring nothing
    assert pieces * pause > 2 * QUICK.body_time

    peer = dragoman.ask(post(b"/steady", b"Content-Length: 12000\r\n"))
    assert peer.say_while_heard(b"x" * 1_000, times=pieces, pause=pause) == pieces

    assert len(peer.reply().json["body"]) == 12_000


def test_a_long_answer_is_not_cut_by_the_deadlines_of_requests(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + b"GET /ne")  # the next request has begun already
    time.sleep(4 * QUICK.head_time)

    peer.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        peer.rest()
    assert peer._heard.endswith(b"begun \r\n")
    assert dragoman.application.left == []


def test_others_are_served_while_many_keep_the_server_waiting(dragoman: Running):
    silent = [dragoman.peer() for _ in range(15)]
    slow = [dragoman.ask(b"GET / HTTP/1.1\r\nX: ") for _ in range(15)]

    assert dragoman.is_well()
    assert {peer.rest() for peer in silent} == {b""}
    assert {peer.last_reply().status for peer in slow} == {408}


# What would speak into another answer.


def test_a_fault_behind_an_answer_that_has_begun_ends_it_without_a_word(dragoman: Running):
    peer = dragoman.ask(get(b"/stream"))
    while b"begun" not in peer._heard:
        peer._more()

    peer.say(b"nonsense\r\n\r\n")

    assert b"HTTP/1.1 400" not in peer.rest_or_reset()
    until(lambda: dragoman.application.left == ["/stream"])


# How connections end.


def test_a_client_that_leaves_has_left_whatever_it_sent_after_its_request(dragoman: Running):
    peer = dragoman.ask(get(b"/stream") + get(b"/next") * 3)
    while b"begun" not in peer._heard:
        peer._more()

    peer.socket.close()

    until(lambda: dragoman.application.left == ["/stream"])


def test_a_client_that_leaves_has_left_whatever_it_sent_while_it_was_answered(dragoman: Running):
    peer = dragoman.ask(get(b"/stream"))
    while b"begun" not in peer._heard:
        peer._more()
    peer.say(get(b"/next") + post(b"/next", b"Content-Length: 9\r\n", body=b"{"))
    time.sleep(0.1)

    peer.socket.close()

    until(lambda: dragoman.application.left == ["/stream"])


def test_what_is_sent_too_slowly_behind_a_request_does_not_cut_its_answer(dragoman: Running):
    peer = dragoman.ask(get(b"/stream"))
    while b"begun" not in peer._heard:
        peer._more()

    peer.say(post(b"/next", b"Content-Length: 9\r\n", body=b"{"))
    time.sleep(3 * QUICK.body_time)

    assert dragoman.application.left == []


def test_a_client_that_ends_its_side_at_once_hears_an_answer_that_was_ready(dragoman: Running):
    for _ in range(3):
        dragoman.peer()  # where there are several, what is written waits for the turn's end

    for _ in range(20):
        peer = dragoman.ask(get())
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.reply().status == 200


def test_a_client_that_takes_nothing_does_not_keep_its_connection(dragoman: Running):
    dragoman.ask(get(b"/large"))

    until(lambda: dragoman.connections() == 1)
    until(lambda: dragoman.connections() == 0)


def test_a_client_that_takes_nothing_does_not_keep_whoever_writes_to_it(dragoman: Running):
    dragoman.ask(get(b"/endless"))

    until(lambda: dragoman.application.reached == ["/endless"])
    until(lambda: dragoman.connections() == 0)


def test_a_client_that_is_only_slow_gets_all_of_it(dragoman: Running):
    peer = dragoman.ask(get(b"/large"))
    total, begun = 0, time.monotonic()
    while part := peer.socket.recv(1 << 20):
        total += len(part)
        if time.monotonic() - begun < 3 * QUICK.stall_time:
            time.sleep(0.05)

    assert total > 32 << 20


def test_a_connection_too_many_is_told_so_and_the_next_one_served(dragoman: Running):
    crowd = [dragoman.ask(b"GET") for _ in range(QUICK.connections)]
    until(lambda: dragoman.connections() == QUICK.connections)

    reply = dragoman.ask(get()).last_reply()
    assert (reply.status, reply.json["reason"]) == (503, "too_many_connections")
    assert int(reply.headers["retry-after"]) > 0

    for peer in crowd:
        peer.socket.close()
    until(lambda: dragoman.connections() == 0)
    assert dragoman.is_well()


@pytest.mark.parametrize("loop", LOOPS)
def test_the_server_ends_although_clients_keep_it_waiting(loop: str):
    patient = EdgeLimits()
    with serving(loop, patient) as dragoman:
        dragoman.peer()
        dragoman.ask(b"GET / HTTP/1.1\r\nX: ")
        kept = dragoman.ask(get())
        assert kept.reply().status == 200
        dragoman.server.should_exit = True
        assert kept.rest() == b""
        until(lambda: dragoman.connections() == 0)
