"""What a conversation is called until somebody gives it a name: the beginning of what was said."""

from typing import Final

LONGEST: Final = 60
"""The longest title made of a message, in characters, its ellipsis included."""


def title_of(message: str) -> str:
    """Cut a message to one line of at most 60 characters, at the end of a word if it has one."""
    line = " ".join(message.split())
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    if line[LONGEST - 1].isalnum():
        words, space, _ = cut.rpartition(" ")
        cut = words if space else cut
    return f"{cut.rstrip(' ,;:.-')}…"
