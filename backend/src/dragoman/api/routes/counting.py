"""Counting the tokens of a question without asking it: `POST /v1/messages/count_tokens`."""

from collections.abc import Callable

import msgspec

from dragoman.api.asking import MAX_REQUEST, read_request
from dragoman.api.body import read_body
from dragoman.api.dialects import Dialect
from dragoman.api.errors import Receive, Scope, Send, send_json
from dragoman.api.headers import told_in
from dragoman.api.receipts import receipt_headers
from dragoman.api.record import Record
from dragoman.api.relay import while_present
from dragoman.chat import ChatRequest
from dragoman.services.counting import count_tokens
from dragoman.services.routing import Candidate, Setup


class CountRoute:
    """The route for clients of a dialect; `setup` gives the models as they are at this moment."""

    def __init__(self, dialect: Dialect, setup: Callable[[], Setup]) -> None:
        self._dialect = dialect
        self._setup = setup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what is wrong with it, or with asking the vendor."""
        body = await read_body(scope, receive, limit=MAX_REQUEST)
        request = read_request(self._dialect, body, told_in(scope), strict=False)
        candidate = self._setup().candidates(request.model)[0]
        record = scope["state"]["record"]
        with while_present(receive, send) as answer:
            await send_count(answer, request, candidate, record, name="input_tokens")


async def send_count(
    send: Send, request: ChatRequest, candidate: Candidate, record: Record, *, name: str
) -> None:
    """Answer with the number of tokens as the field `name`; a receipt says if it is a guess."""
    record.model, record.provider = candidate.model.id, candidate.provider.provider_id
    counted = await count_tokens(request, candidate)
    body = msgspec.json.encode({name: counted.input_tokens})
    await send_json(send, body, headers=receipt_headers(counted.receipts))
