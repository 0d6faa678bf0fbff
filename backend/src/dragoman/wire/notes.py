"""What stands in a reply for a file that its client's format cannot show."""

from typing import Final

from dragoman.chat import Audio, Document, Image, Link, Part, Text, media_type_of

_KINDS: Final[dict[type[Part], str]] = {
    Image: "picture",
    Document: "file",
    Audio: "recording",
}


def noted(part: Part) -> Part:
    """Give words that tell of a file, and any other part as it is.

    They do not hold the file itself: a client sends what it was told with each further question.
    """
    match part:
        case Image(source) | Document(source) | Audio(source):
            what = source.url if isinstance(source, Link) else media_type_of(source) or "a file"
            note = f"[The model answered with a {_KINDS[type(part)]} ({what})"
            return Text(f"{note}, which this format cannot show.]")
        case _:
            return part
