"""Where a request goes, and its head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Head, Place, address_of

ADDRESSES = {
    "http://a.example/v1": (Place("a.example", 80, secure=False), "a.example", "/v1"),
    "https://a.example": (Place("a.example", 443, secure=True), "a.example", "/"),
    "https://A.example.:8443/x?y=1#z": (
        Place("a.example", 8443, secure=True),
        "a.example:8443",
        "/x?y=1",
    ),
    "http://[::1]:80/": (Place("::1", 80, secure=False), "[::1]", "/"),
    "http://münchen.example/ü b": (
        Place("xn--mnchen-3ya.example", 80, secure=False),
        "xn--mnchen-3ya.example",
        "/%C3%BC%20b",
    ),
    "https://a/model/v1%3A0/converse": (
        Place("a", 443, secure=True),
        "a",
        "/model/v1%3A0/converse",
    ),
    "https://a/models/m:streamGenerateContent?alt=sse": (
        Place("a", 443, secure=True),
        "a",
        "/models/m:streamGenerateContent?alt=sse",
    ),
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_is_taken_apart(url):
    address = address_of(url)
    assert (address.place, address.label, address.target) == ADDRESSES[url]
    assert not address.is_personal


NONE = ("ftp://a/", "a.example/v1", "http://", "http://a:b/", "http://[::1", "http://a b/", "")


@pytest.mark.parametrize("url", NONE)
def test_an_address_that_is_none_says_so(url):
    with pytest.raises(UpstreamError) as caught:
        address_of(url)
    assert caught.value.failure.reason == "bad_address"


def test_the_name_and_the_word_of_a_user_are_not_told():
    address = address_of("http://somebody:secret@a.example:81/")
    assert (address.label, address.is_personal) == ("a.example:81", True)


def test_a_head_has_what_is_said_and_what_is_needed():
    address = address_of("http://a.example:81/x")
    head = Head(address).of("POST", {"Authorization": "b", "Content-Length": "7"}, 3)
    assert head == (
        b"POST /x HTTP/1.1\r\nAuthorization: b\r\nhost: a.example:81\r\n"
        b"accept-encoding: gzip, deflate\r\ncontent-length: 3\r\n\r\n"
    )


def test_the_host_and_the_encodings_may_be_said():
    address = address_of("http://a.example/x")
    head = Head(address).of("GET", {"Host": "b", "accept-encoding": "identity"}, 0)
    assert head == b"GET /x HTTP/1.1\r\nhost: b\r\naccept-encoding: identity\r\n\r\n"


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_header_is_more_than_one_line(name, value):
    address = address_of("http://a.example/x")
    try:
        head = Head(address).of("GET", {name: value}, 0)
    except (ValueError, UnicodeEncodeError):
        return
    assert head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") <= 5
    assert b"\0" not in head


HEADERS = st.dictionaries(
    st.sampled_from(["host", "Host", "x-key", "accept-encoding", "content-length", "no name"]),
    st.sampled_from(["a", "b", "", "two\nlines"]),
    max_size=3,
)
SAID = st.tuples(st.sampled_from(["GET", "POST"]), HEADERS, st.integers(0, 2))


def written(head: Head, said: tuple[str, dict[str, str], int]) -> bytes | str:
    try:
        return head.of(*said)
    except ValueError as error:
        return str(error)


@given(st.lists(SAID, max_size=6))
def test_a_head_is_the_same_whatever_was_said_before(requests):
    address = address_of("http://a.example/x")
    head = Head(address)
    for said in requests:
        assert written(head, said) == written(Head(address), said)


def test_headers_that_are_changed_in_their_place_are_written_anew():
    head, headers = Head(address_of("http://a.example/x")), {"x-key": "one"}
    head.of("GET", headers, 0)
    headers["x-key"] = "two"
    assert b"x-key: two\r\n" in head.of("GET", headers, 0)
