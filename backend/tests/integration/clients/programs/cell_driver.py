"""Runs in a client's own environment: reads what to do, line by line, and tells what came of it.

One line in is one JSON object that names a cell and a door; one line out is its outcome. Only the
standard library is used here, for the client brings whatever else there is.
"""

import dataclasses
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

PARIS, ROME = "Paris", "Rome"
WEATHER = {PARIS: "21 degrees in Paris", ROME: "28 degrees in Rome"}
TOOL_NAME = "get_weather"
TOOL_DESCRIPTION = "Tell the weather of a city."
TOOL_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}

Cell = Callable[[SimpleNamespace], dict[str, Any]]


class CannotError(Exception):
    """This client cannot do this at any address; the words say why."""


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return WEATHER.get(city, f"20 degrees in {city}")


@dataclasses.dataclass
class Cells:
    """What a client can do, by door and by name."""

    packages: tuple[str, ...]
    found: dict[tuple[str, str], Cell] = dataclasses.field(default_factory=dict)

    def cell(self, *doors: str) -> Callable[[Cell], Cell]:
        """Add the function under its own name, for these doors."""

        def add(function: Cell) -> Cell:
            for door in doors:
                self.found[door, function.__name__] = function
            return function

        return add

    def cannot(self, door: str, *names: str, because: str) -> None:
        """Mark cells that the client cannot do, whatever the address."""

        def refuse(_: SimpleNamespace) -> dict[str, Any]:
            raise CannotError(because)

        for name in names:
            self.found[door, name] = refuse

    def serve(self) -> None:
        """Do what each line of standard input asks for, until there are no more."""
        answers, sys.stdout = sys.stdout, sys.stderr  # what a client prints is no answer
        tell(answers, {"versions": {name: version(name) for name in self.packages}})
        for line in sys.stdin:
            asked = json.loads(line)
            tell(answers, self._outcome(SimpleNamespace(**asked)))

    def _outcome(self, ask: SimpleNamespace) -> dict[str, Any]:
        function = self.found.get((ask.door, ask.cell))
        if function is None:
            return {"outcome": "missing"}
        try:
            return {"outcome": "done", **function(ask)}
        except CannotError as why:
            return {"outcome": "n/a", "reason": str(why)}
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what is looked for
            return {"outcome": "raised", **describe(error)}


def describe(error: BaseException) -> dict[str, Any]:
    """Tell what a program that catches this error can know."""
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    code = getattr(error, "code", None)
    return {
        "error": type(error).__name__,
        "lineage": [kind.__name__ for kind in type(error).__mro__[1:-2]],
        "status": getattr(error, "status_code", code if isinstance(code, int) else None),
        "code": code,
        "type": getattr(error, "type", None),
        "request_id": getattr(error, "request_id", None),
        "retry_after": headers.get("retry-after"),
        "message": str(error),
        "trace": "".join(traceback.format_exception(error)),
    }


def tell(stream: Any, outcome: dict[str, Any]) -> None:
    """Write one line."""
    stream.write(json.dumps(outcome, default=str) + "\n")
    stream.flush()


def heard(pieces: Iterator[str], *, wanted: int | None = None) -> dict[str, Any]:
    """Read a stream of texts to its end, or only `wanted` of them, and on an error tell both."""
    texts: list[str] = []
    try:
        for piece in pieces:
            if piece:
                texts.append(piece)
            if wanted is not None and len(texts) >= wanted:
                break
    except Exception as error:  # noqa: BLE001 - as above
        return {"outcome": "raised", "text": "".join(texts), **describe(error)}
    return {"text": "".join(texts), "pieces": len(texts)}
