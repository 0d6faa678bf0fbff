"""One question and its whole answer: what is asked of a provider beside replies."""

from collections.abc import Mapping

from msgspec import Struct

from dragoman.config.facts import ModelEntry
from dragoman.observability.secrets import Secret
from dragoman.services.providers.answers import Account, failed
from dragoman.services.providers.base import Runtime
from dragoman.services.providers.headers import heard
from dragoman.services.providers.patience import Patience
from dragoman.services.providers.signing import Signer, vouched_for
from dragoman.services.providers.transport import read_body
from dragoman.wire.base import ProviderSide


class Call(Struct, frozen=True, kw_only=True):
    """What to send, and what no failure may repeat: the `secrets`, the `model`'s other name."""

    url: str
    headers: Mapping[str, str]
    secrets: tuple[Secret, ...]
    model: ModelEntry | None = None
    method: str = "POST"
    body: bytes = b""


class Answered(Struct, frozen=True):
    """A body that came with status 200, and those headers that a client may hear."""

    body: bytes
    headers: tuple[tuple[str, str], ...]


async def ask(
    call: Call, runtime: Runtime, wire: ProviderSide, *, signer: Signer | None = None
) -> Answered:
    """Send once; `wire` reads a failure. Raises `UpstreamError`, or what the signer raises."""
    with Patience(runtime.timeouts) as patience:
        headers, secrets = await vouched_for(call, signer, patience)
        sending = runtime.upstream.send(call.method, call.url, headers=headers, body=call.body)
        with Account(call.model, secrets) as account:
            async with patience.entering(sending) as response:
                account.headers = response.headers
                if response.status != 200:
                    raise await failed(wire, response, patience)
                body = await patience.wait(read_body(response))
                return Answered(body, heard(response.headers, secrets))
