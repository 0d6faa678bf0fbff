"""A case: one promise that providers keep, under a name; and what became of it.

Case.run(stand) ──▶ Outcome: pass
   raises NotOffered ──▶ not offered, with the reason
   raises anything   ──▶ fail, with what was seen and what was expected
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct

Verdict: TypeAlias = Literal["pass", "fail", "not offered"]

LIMIT: Final = 60.0
"""Seconds that a case may take, unless more is said."""

Stand = TypeVar("Stand")
"""What a case is tried on."""


class NotOffered(Exception):  # noqa: N818 - it is no error
    """The provider says itself that it does not do this, or there is no way to try it."""


class Shortfall(AssertionError):  # noqa: N818 - as `NotOffered`
    """A promise that was not kept: what was seen, and what was expected."""


class Outcome(Struct, frozen=True):
    """What became of a case; `detail` is one sentence, empty for a plain pass."""

    name: str
    promise: str
    verdict: Verdict
    detail: str = ""
    seconds: float = 0.0

    @property
    def feature(self) -> str:
        """What the case belongs to: the first word of its name."""
        return self.name.partition(".")[0]


class Case(Struct, Generic[Stand], frozen=True):
    """One promise: its name (`stream.cut.is_interrupted`), its sentence, and how it is tried."""

    name: str
    promise: str
    run: Callable[[Stand], Awaitable[str | None]]

    async def judge(self, stand: Stand, *, limit: float = LIMIT) -> Outcome:
        """Try it, for `limit` seconds at most; never raises but for a cancellation.

        What `run` gives is a remark to a pass.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            async with asyncio.timeout(limit):
                remark = await self.run(stand)
            return self._outcome("pass", remark or "", clock() - begun)
        except NotOffered as reason:
            return self._outcome("not offered", str(reason), clock() - begun)
        except AssertionError as complaint:
            return self._outcome("fail", str(complaint), clock() - begun)
        except Exception as error:  # noqa: BLE001 - a provider may break in any way it likes
            return self._outcome("fail", f"{type(error).__name__}: {error}", clock() - begun)

    def _outcome(self, verdict: Verdict, detail: str, seconds: float) -> Outcome:
        return Outcome(self.name, self.promise, verdict, _on_one_line(detail), seconds)


_LONGEST: Final = 400


def case(
    name: str,
) -> Callable[[Callable[[Stand], Awaitable[str | None]]], Case[Stand]]:
    """Make a case of a function; the first line of its docstring is the promise."""

    def made(run: Callable[[Stand], Awaitable[str | None]]) -> Case[Stand]:
        promise = (run.__doc__ or "").strip().splitlines()[0]
        return Case(name, promise, run)

    return made


def cases_in(module: Mapping[str, object], kind: type[Case[Stand]]) -> tuple[Case[Stand], ...]:
    """Give the cases of a module, in the order in which they stand there."""
    return tuple(value for value in module.values() if isinstance(value, kind))


def require(kept: bool, complaint: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Raise `Shortfall` with the complaint unless the promise was kept."""
    if not kept:
        raise Shortfall(complaint)


def require_equal(seen: object, wanted: object, what: str) -> None:
    """Raise `Shortfall` that names both unless they are equal."""
    require(seen == wanted, f"{what}: saw {_shown(seen)}, expected {_shown(wanted)}")


def _shown(value: object) -> str:
    match value:
        case Enum():
            return str(value)
        case tuple():
            return f"({', '.join(map(_shown, value))})"
        case _:
            return repr(value)


def _on_one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
