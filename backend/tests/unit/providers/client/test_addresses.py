"""Where a request goes, and its head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.chat import UpstreamError
from dragoman.services.providers.client.addresses import Place, address_of, head_of

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
    head = head_of("POST", address, {"Authorization": "b", "Content-Length": "7"}, 3)
    assert head == (
        b"POST /x HTTP/1.1\r\nAuthorization: b\r\nhost: a.example:81\r\n"
        b"accept-encoding: gzip, deflate\r\ncontent-length: 3\r\n\r\n"
    )


def test_the_host_and_the_encodings_may_be_said():
    address = address_of("http://a.example/x")
    head = head_of("GET", address, {"Host": "b", "accept-encoding": "identity"}, 0)
    assert head == b"GET /x HTTP/1.1\r\nhost: b\r\naccept-encoding: identity\r\n\r\n"


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_header_is_more_than_one_line(name, value):
    address = address_of("http://a.example/x")
    try:
        head = head_of("GET", address, {name: value}, 0)
    except (ValueError, UnicodeEncodeError):
        return
    assert head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") <= 5
    assert b"\0" not in head
