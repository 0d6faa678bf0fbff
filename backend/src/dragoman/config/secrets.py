"""How the value of a key variable is read: trimmed with a warning, or refused by name."""

from typing import Final

from msgspec import Struct

_QUOTES: Final = "\"'"


class CleanedKey(Struct, frozen=True):
    """What became of a key: its value (`None` if blank or refused), and what to tell the operator.

    No message contains any part of the value.
    """

    value: str | None
    warnings: tuple[str, ...] = ()
    problem: str | None = None

    def __repr__(self) -> str:
        state = "refused" if self.problem else "unset" if self.value is None else "set"
        return f"CleanedKey({state})"


def clean_key(name: str, value: str) -> CleanedKey:
    """Read the value of the key variable `name`.

    A blank value is as unset. White space around it and one pair of matching quotes go, with a
    warning; a control character, a space or anything else that cannot stand in an HTTP header
    is a problem.
    """
    text = value.strip()
    warnings = []
    if text != value:
        warnings.append(f"{name}: white space around the value was left out")
    if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        text = text[1:-1].strip()
        warnings.append(f"{name}: the quotes around the value were left out")
    if not text:
        return CleanedKey(None)
    foreign = next((character for character in text if not "!" <= character <= "~"), None)
    if foreign is not None:
        return CleanedKey(None, problem=_problem(name, foreign))
    return CleanedKey(text, tuple(warnings))


def _problem(name: str, foreign: str) -> str:
    if foreign in "\r\n":
        what = "a line break"
    elif foreign.isspace():
        what = "a space"
    elif foreign.isascii():
        what = "a control character"
    else:
        what = "a character outside ASCII"
    return (
        f"{name}: there is {what} inside the value, and no key has that: "
        "copy the key again, without anything before or after it"
    )
