"""`POST /v1/embeddings`: vectors of texts, by the providers that make them."""

from collections.abc import Callable

from dragoman.api.asking import MAX_REQUEST, check_fields
from dragoman.api.body import read_body
from dragoman.api.dialects import passed_on
from dragoman.api.errors import Receive, Scope, Send, send_json
from dragoman.api.receipts import receipt_headers
from dragoman.api.relay import while_present
from dragoman.services.embedding import create_embeddings
from dragoman.services.routing import Setup
from dragoman.wire.fields import read_object


class EmbeddingsRoute:
    """The route as a plain ASGI callable; `setup` gives the models as they are at this moment.

    Where the body is in the vendor's own words, only the model is read, and put back.
    """

    def __init__(self, setup: Callable[[], Setup]) -> None:
        self._setup = setup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises what is wrong with it, or with asking the vendor."""
        record = scope["state"]["record"]
        fields = read_object(await read_body(scope, receive, limit=MAX_REQUEST))
        candidate = self._setup().candidates(fields.text("model"))[0]
        check_fields(fields.rest())
        record.model, record.provider = candidate.model.id, candidate.provider.provider_id
        with while_present(receive, send) as answer:
            made = await create_embeddings(fields.rest(), candidate)
            record.usage = made.usage
            told = (*passed_on(made.headers), *receipt_headers(made.receipts))
            await send_json(answer, made.body, headers=told)
