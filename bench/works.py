"""The works: what is asked of every system, each by a name that `--works` takes."""

from typing import Final

from msgspec import Struct

from bench.questions import Wire

WHOLE: Final = 100
"""How many pieces the model's name says where a whole answer is asked for; it bears on nothing."""


class Work(Struct, frozen=True, kw_only=True):
    """One kind of work: a client's wire, the upstream's, and a load.

    `streams` of `pieces` each, `gap` milliseconds from one to the next, or whole answers. Either
    `answers` are asked for in all, or as many as come within the time of a run.
    """

    name: str
    title: str
    client: Wire
    upstream: Wire
    concurrency: int
    pieces: int | None = None
    gap: int = 0
    answers: int | None = None
    brief: bool = False

    @property
    def model(self) -> str:
        """The model's name at the upstream."""
        return f"bench-{self.pieces or WHOLE}-{self.gap}"


def _pair(name: str, title: str, client: Wire, upstream: Wire, *, brief: bool) -> tuple[Work, Work]:
    whole = Work(
        name=name,
        title=f"{title}, whole",
        client=client,
        upstream=upstream,
        concurrency=16,
        brief=False,
    )
    streamed = Work(
        name=f"{name}-stream",
        title=f"{title}, streamed",
        client=client,
        upstream=upstream,
        concurrency=32,
        pieces=100,
        brief=brief,
    )
    return whole, streamed


def _whole_chat(concurrency: int, *, brief: bool = False) -> Work:
    return Work(
        name=f"whole-{concurrency}",
        title=f"chat completions, whole, {concurrency} at once",
        client=Wire.CHAT,
        upstream=Wire.CHAT,
        concurrency=concurrency,
        brief=brief,
    )


BURST: Final = Work(
    name="burst",
    title="chat completions, 32 streams of 100 chunks, as fast as they go",
    client=Wire.CHAT,
    upstream=Wire.CHAT,
    concurrency=32,
    pieces=100,
    brief=True,
)
PACED: Final = Work(
    name="paced",
    title="chat completions, 300 streams of 50 chunks, 20 ms apart",
    client=Wire.CHAT,
    upstream=Wire.CHAT,
    concurrency=300,
    pieces=50,
    gap=20,
    answers=300,
    brief=True,
)

WORKS: Final = (
    _whole_chat(1),
    _whole_chat(16, brief=True),
    _whole_chat(64),
    BURST,
    PACED,
    *_pair("from-anthropic", "Anthropic in, OpenAI out", Wire.MESSAGES, Wire.CHAT, brief=True),
    *_pair("to-anthropic", "OpenAI in, Anthropic out", Wire.CHAT, Wire.MESSAGES, brief=True),
    *_pair("anthropic", "Anthropic in and out", Wire.MESSAGES, Wire.MESSAGES, brief=False),
    *_pair("own", "/api/v1/messages, OpenAI out", Wire.OWN, Wire.CHAT, brief=True),
)
"""Every work; the `brief` ones are those of a run that says nothing else."""
