"""Files of a request made in other words: of kinds that are read, under names that are taken."""

import base64
import re
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from dragoman.chat import (
    Audio,
    Base64,
    Document,
    Extras,
    FileRef,
    Image,
    Link,
    PlainText,
    Source,
)
from dragoman.wire.bedrock_converse.content_out import format_of
from dragoman.wire.bedrock_converse.errors import refusal
from dragoman.wire.bedrock_converse.words import FORMATS, NAME
from dragoman.wire.receipts import Receipts

# The documentation of `DocumentBlock.name`: these letters, and one space in a row.
_NOT_IN_A_NAME: Final = re.compile(r"[^a-zA-Z0-9()\[\] -]+")
_LONGEST_NAME: Final = 200


class Naming:
    """The names of a request's documents: each has one, and no two have the same."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts
        self._given: set[str] = set()

    def name(self, name: str | None, at: str) -> str:
        """Give a name that is taken here, as near to the file's own as it can be."""
        wanted = " ".join(_NOT_IN_A_NAME.sub(" ", name or "").split())[:_LONGEST_NAME].strip()
        fitting = wanted or "Document"
        number = 1
        while fitting in self._given:
            number += 1
            fitting = f"{(wanted or 'Document')[: _LONGEST_NAME - 8]} {number}"
        self._given.add(fitting)
        if name is not None and fitting != name:
            self._receipts.renamed(f"{at}.name", f"it is called {fitting!r} here")
        return fitting


def sendable(
    part: Image | Document | Audio, at: str, naming: Naming, receipts: Receipts
) -> Image | Document | Audio:
    """Give a file as this format takes it. Raises `LLMBadRequestError` for what it does not."""
    match part:
        case Image(source, detail):
            if detail not in (None, "auto"):
                receipts.dropped(f"{at}.detail", "this format has no word for it")
            found, extras = _source("image", source, at)
            return Image(found, extras=extras)
        case Document(source, name):
            found, extras = _source("document", source, at)
            return replace(part, source=found, name=naming.name(name, at), extras=extras)
        case Audio(source):
            found, extras = _source("audio", source, at)
            return Audio(found, extras)


def _source(kind: str, source: Source, at: str) -> tuple[Source, Extras | None]:
    match source:
        case Base64(media_type):
            if format_of(kind, source) is None:
                known = ", ".join(FORMATS[kind])
                raise refusal(at, f"{media_type!r} is not read here; {kind}s may be: {known}")
            return source, None
        case PlainText(text, media_type):
            # A document that stands there as text is not taken by every model.
            known_type = media_type if media_type in FORMATS["document"].values() else "text/plain"
            return Base64(known_type, base64.b64encode(text.encode()).decode()), None
        case Link(url) if url.startswith("s3://"):
            word = urlsplit(url).path.rpartition(".")[2].lower()
            word = {"jpg": "jpeg", "htm": "html"}.get(word, word)
            if word not in FORMATS[kind]:
                raise refusal(at, f"the name of the object does not tell which {kind} it is")
            return source, Extras(NAME, {"format": word})
        case Link():
            raise refusal(
                at, "this model's provider fetches no addresses; send the content instead"
            )
        case FileRef():
            raise refusal(at, "the file lies at another vendor; send its content instead")
