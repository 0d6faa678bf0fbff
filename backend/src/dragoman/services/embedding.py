"""Vectors of texts, by a provider that makes them: asked for and told in OpenAI's words."""

from dragoman.chat import Actor, Category, JsonObject, LLMBadRequestError
from dragoman.services.providers import Embedded, Embeds
from dragoman.services.routing import Candidate


async def create_embeddings(fields: JsonObject, candidate: Candidate) -> Embedded:
    """Ask for vectors: `fields` are the request's, passed on or put into the vendor's words.

    The answer is OpenAI's, with our name of the model. Raises `LLMServiceError`: `unsupported`,
    before anything is sent, where the provider makes none.
    """
    provider, model = candidate.provider, candidate.model
    try:
        made = None
        if isinstance(provider, Embeds):
            made = await provider.create_embeddings(fields, model, candidate.runtime)
    except Exception as error:
        raise provider.map_error(error, model=model.id) from error
    if made is None:
        raise LLMBadRequestError(
            Category.UNSUPPORTED,
            f"model {model.id!r}: provider {provider.provider_id!r} makes no embeddings here: "
            "choose a model of another provider",
            provider=provider.provider_id,
            model=model.id,
            actor=Actor.CALLER,
            param="model",
        )
    return made
