"""What is said: the same question and the same answer in every run, so that each can be checked."""

from typing import Final

SYSTEM: Final = (
    "You answer the keeper of a harbour office. Be brief, name the berth before the ship, and say "
    "plainly when something is not in the papers that you were given."
)
EARLIER: Final = (
    "Three ships wait in the roads. The first carries timber and draws four metres, the second "
    "carries salt and must be unloaded before the rain, and the third has no cargo but wants "
    "fresh water and a pilot for the strait. Two berths are free: the long one by the warehouse, "
    "which has a crane, and the short one behind the mole, where the tide leaves three metres at "
    "its lowest. The next low water is shortly after noon, and the pilot is back in the evening. "
)
AGREED: Final = "Noted: three ships, two berths, one pilot."
QUESTION: Final = (
    "In which order do they come in, who lies where, and what has to be ready on the quay before "
    "the first line is thrown? Say it so that the night watch can read it out in one breath."
)

MARK: Final = "Lanterns"
"""The first word of every answer, and nowhere else in it: where it arrives, the answer begins."""

_WORDS: Final = [
    "along",
    "the",
    "quay",
    "are",
    "lit",
    "before",
    "the",
    "tide",
    "turns",
    "so",
    "the",
    "salt",
    "ship",
    "takes",
    "long",
    "berth",
    "first",
    "while",
    "timber",
    "waits",
    "for",
    "higher",
    "water",
    "and",
    "an",
    "empty",
    "one",
    "lies",
    "outside",
    "until",
    "its",
    "pilot",
    "comes",
    "home",
    "again",
]

TOKENS: Final = 150
"""How many pieces a whole answer has: about one kilobyte of text."""
PROMPT_TOKENS: Final = 231
"""How many tokens the upstream says that the question had."""


def piece(number: int) -> str:
    """Give one piece of the answer, about what one token is; the first is `MARK`."""
    return f"{MARK if number == 0 else _WORDS[number % len(_WORDS)]} "


def said(pieces: int) -> str:
    """Give the text of an answer of so many pieces."""
    return "".join(map(piece, range(pieces)))
