"""The matrix: what each client format's requests and replies become in each of the wire formats.

    matrix/<case>.<dialect>.request.json              what a client asks
    matrix/<case>.<dialect>.to.<wire>.json            what is sent for it: body and receipts
    matrix/<case>.<wire>.reply.json                   what a vendor answers
    matrix/<case>.<wire>.told.to.<dialect>.json       what a client is told

`make matrix` writes what is sent and told anew, by the code as it is, for whoever changes a
translation: to be read before it is committed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from dragoman.chat import ChatRequest, InvalidInput, LLMServiceError, Reply
from dragoman.wire import anthropic_messages, gemini, openai_chat, openai_responses
from dragoman.wire.base import Wire

FOLDER: Final = Path(__file__).parents[1] / "contract" / "matrix"
WIRES: Final[dict[str, Wire]] = {
    wire.name: wire for wire in (openai_chat, openai_responses, anthropic_messages, gemini)
}

OURS: Final = "our-model"
VENDORS: Final = "vendor-model"

# Formats whose clients insist on a date, and that of replies which came without one.
_DATED: Final = frozenset({"openai_chat", "openai_responses"})
_CREATED: Final = 1_700_000_000


class Ask(Struct, frozen=True):
    """A request of a client, and the wire that it goes out on."""

    case: str
    dialect: str
    wire: str

    def __str__(self) -> str:
        return f"{self.case}.{self.dialect}.to.{self.wire}"

    @property
    def asked(self) -> bytes:
        """The client's bytes."""
        return (FOLDER / f"{self.case}.{self.dialect}.request.json").read_bytes()

    @property
    def expected(self) -> Path:
        """The file of what is sent."""
        return FOLDER / f"{self}.json"

    def read(self) -> ChatRequest:
        """Read the request, and give it to a model of a vendor's."""
        return replace(WIRES[self.dialect].read_request(self.asked), model=VENDORS)

    def sent(self) -> dict[str, Any]:
        """Give what is sent, or why nothing is."""
        try:
            written = WIRES[self.wire].write_request(self.read())
        except InvalidInput as error:
            return {"invalid": str(error)}
        except LLMServiceError as error:
            return {"refused": str(error.category), "because": error.message}
        receipts = [f"{one.action} {one.field}: {one.reason}" for one in written.receipts]
        path = {} if written.path is None else {"path": written.path}
        return path | {"receipts": receipts, "body": json.loads(written.body)}


class Tell(Struct, frozen=True):
    """A vendor's reply, and the format of the client that is told it."""

    case: str
    wire: str
    dialect: str

    def __str__(self) -> str:
        return f"{self.case}.{self.wire}.told.to.{self.dialect}"

    @property
    def expected(self) -> Path:
        """The file of what is told."""
        return FOLDER / f"{self}.json"

    @property
    def came(self) -> bytes:
        """The vendor's bytes."""
        return (FOLDER / f"{self.case}.{self.wire}.reply.json").read_bytes()

    def read(self) -> Reply:
        """Read the reply; what a vendor left out and the client insists on is there."""
        reply = WIRES[self.wire].read_reply(self.came)
        created = reply.created or (_CREATED if self.dialect in _DATED else None)
        return replace(reply, id=reply.id or "made-up", created=created, model=OURS)

    def told(self) -> dict[str, Any]:
        """Give what the client is told."""
        said: dict[str, Any] = json.loads(WIRES[self.dialect].write_reply(self.read()))
        return said


def asks() -> list[Ask]:
    """Give every request with every wire."""
    return [
        Ask(case, dialect, wire) for case, dialect in _cases("request", WIRES) for wire in WIRES
    ]


def tells() -> list[Tell]:
    """Give every reply with every format."""
    return [Tell(case, wire, dialect) for case, wire in _cases("reply", WIRES) for dialect in WIRES]


def _cases(kind: str, formats: dict[str, Wire]) -> Iterator[tuple[str, str]]:
    for file in sorted(FOLDER.glob(f"*.{kind}.json")):
        case, written_in, _, _ = file.name.split(".")
        if written_in in formats:
            yield case, written_in


def render(said: dict[str, Any]) -> str:
    """Give the text of a file: the order of fields counts, since prompts are cached by it."""
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every expectation anew, and remove those of cases that are gone."""
    texts = {ask.expected: render(ask.sent()) for ask in asks()}
    texts |= {tell.expected: render(tell.told()) for tell in tells()}
    for file in FOLDER.glob("*.to.*.json"):
        if file not in texts:
            file.unlink()
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
