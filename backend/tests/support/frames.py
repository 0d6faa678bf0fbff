"""Amazon's frames, made for tests by the rules of the format, and not by the parser's."""

import json
from binascii import crc32
from typing import Any


def frame(payload: bytes, **headers: str) -> bytes:
    """Frame one message; a header `event_type` is called `:event-type`."""
    head = b"".join(
        len(name).to_bytes(1) + name + b"\x07" + len(value).to_bytes(2) + value
        for name, value in (
            (f":{name.replace('_', '-')}".encode(), value.encode())
            for name, value in headers.items()
        )
    )
    prelude = (len(head) + len(payload) + 16).to_bytes(4) + len(head).to_bytes(4)
    whole = prelude + crc32(prelude).to_bytes(4) + head + payload
    return whole + crc32(whole).to_bytes(4)


def event(name: str, **fields: Any) -> bytes:
    """Frame one event, its fields as JSON."""
    content = json.dumps(fields).encode()
    return frame(content, event_type=name, content_type="application/json", message_type="event")


def exception(name: str, **fields: Any) -> bytes:
    """Frame an exception, which ends a stream."""
    content = json.dumps(fields).encode()
    return frame(
        content, exception_type=name, content_type="application/json", message_type="exception"
    )
