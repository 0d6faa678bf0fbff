"""What a translation changed, in one header: short, and safe to send.

x-dragoman-receipt: dropped top_k; renamed system; emulated messages[2].is_error
"""

import re
from collections.abc import Sequence
from typing import Final

from dragoman.api.errors import Headers
from dragoman.chat import Receipt

NAME: Final = b"x-dragoman-receipt"
_LONGEST: Final = 1024
"""The longest value, in bytes; what does not fit is counted."""

# Field names come from clients: nothing of theirs may end a header, or look like our own marks.
_UNSAFE: Final = re.compile(r"[^\w.\[\]$-]", re.ASCII)


def receipt_headers(receipts: Sequence[Receipt]) -> Headers:
    """Give the header for `receipts`; none if nothing was changed."""
    if not receipts:
        return ()
    told: list[str] = []
    length = 0
    for place, receipt in enumerate(receipts):
        line = f"{receipt.action} {_UNSAFE.sub('_', receipt.field)}"
        length += len(line) + 2
        if length > _LONGEST:
            told.append(f"and {len(receipts) - place} more")
            break
        told.append(line)
    return [(NAME, "; ".join(told).encode())]
