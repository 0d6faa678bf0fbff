"""gzip and deflate, taken apart in bounded pieces."""

import gzip
import zlib

import pytest

from dragoman.services.providers.client.unpacking import Unpacker

SAID = bytes(range(256)) * 2000


def unpacked(coding: str, packed: bytes, *, step: int, most: int) -> tuple[bytes, bool]:
    unpacker, said = Unpacker(coding), b""
    for begin in range(0, len(packed), step):
        unpacker.feed(packed[begin : begin + step])
        while piece := unpacker.take(most):
            assert len(piece) <= most
            said += piece
    return said, unpacker.whole


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("most", [100, 1 << 16])
def test_what_was_packed_comes_out(step, most):
    for coding, packed in (
        ("gzip", gzip.compress(SAID, mtime=0)),
        ("gzip", gzip.compress(SAID[:99], mtime=0) + gzip.compress(SAID[99:], mtime=0) + bytes(9)),
        ("deflate", zlib.compress(SAID)),
        ("deflate", zlib.compress(SAID, wbits=-15)),
    ):
        assert unpacked(coding, packed, step=step, most=most) == (SAID, True)
        assert not unpacked(coding, packed[: len(packed) // 3], step=step, most=most)[1]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_was_not_packed_is_an_error(coding):
    with pytest.raises(zlib.error):
        unpacked(coding, b"no such thing", step=3, most=10)


def test_a_bomb_unfolds_no_further_than_it_is_asked_to():
    unpacker = Unpacker("gzip")
    unpacker.feed(gzip.compress(bytes(50 << 20)))
    assert [len(unpacker.take(1 << 16)) for _ in range(3)] == [1 << 16] * 3
