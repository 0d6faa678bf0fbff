"""The settings of an answer, in `generationConfig`: how long, how random, in which form."""

from msgspec import Struct

from dragoman.chat import (
    JsonObject,
    Limits,
    Output,
    ReasoningWish,
    Sampling,
    extras_of,
)
from dragoman.wire.gemini.schemas import json_schema, remembered
from dragoman.wire.gemini.spelling import Spelled, set_aside
from dragoman.wire.gemini.words import LEVEL, NAME, ONE_CANDIDATE, SCHEMA_ALONE

_JSON = "application/json"


class Config(Struct, frozen=True):
    """What a `generationConfig` says in this vocabulary."""

    limits: Limits = Limits()
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    output: Output | None = None
    reasoning: ReasoningWish | None = None


def read_config(request: Spelled, left: JsonObject) -> Config:
    """Take the settings; what nobody here knows goes to `left`. Raises `InvalidInput`."""
    if not request.says("generationConfig"):
        return Config()
    said = request.inner("generationConfig") or Spelled({})
    if said.peek("candidateCount") == 1:
        said.skip("candidateCount")
        said.form.append(ONE_CANDIDATE)
    config = Config(
        Limits(said.maybe_int("maxOutputTokens", least=0)),
        _sampling(said),
        _stop(said),
        _output(said),
        _reasoning(said),
    )
    request.form += said.form
    left |= {f"generationConfig.{name}": value for name, value in said.rest().items()}
    return config


def _sampling(said: Spelled) -> Sampling:
    top_k = said.peek("topK")
    return Sampling(
        temperature=said.maybe_number("temperature"),
        top_p=said.maybe_number("topP"),
        # The vendor's own SDK says 40.0 for 40: such a number stays as it is.
        top_k=None if isinstance(top_k, float) else said.maybe_int("topK"),
        seed=said.maybe_int("seed"),
        presence_penalty=said.maybe_number("presencePenalty"),
        frequency_penalty=said.maybe_number("frequencyPenalty"),
    )


def _stop(said: Spelled) -> tuple[str, ...]:
    match said.peek("stopSequences"):
        case None | []:
            return ()
        case [*texts] if all(isinstance(text, str) for text in texts):
            said.skip("stopSequences")
            return tuple(texts)
        case other:
            raise said.wrong("stopSequences", "a list of strings", other)


def _output(said: Spelled) -> Output | None:
    media_type = said.peek("responseMimeType")
    schema, form = _schema(said)
    match media_type, schema:
        case "application/json", None:
            said.skip("responseMimeType")
            return Output("json_object", extras=extras_of(NAME, {}))
        case "text/plain", None:
            said.skip("responseMimeType")
            return Output("text")
        case (("application/json" | None), dict()):
            for name in ("responseMimeType", "responseSchema", "responseJsonSchema"):
                said.skip(name)
            alone = () if media_type == _JSON else (SCHEMA_ALONE,)
            return Output("json_schema", schema, extras=extras_of(NAME, {}, *form, *alone))
        case _:
            # Text that is one word of an enumeration, say: it stays as it is.
            return None


def _schema(said: Spelled) -> tuple[JsonObject | None, tuple[str, ...]]:
    whole, dialect = said.peek("responseJsonSchema"), said.peek("responseSchema")
    match whole, dialect:
        case dict(), None:
            return whole, ()
        case None, dict():
            return json_schema(dialect), (remembered(dialect),)
        case _:
            return None, ()


def _reasoning(said: Spelled) -> ReasoningWish | None:
    if not isinstance(said.peek("thinkingConfig"), dict):
        return None
    wish = said.inner("thinkingConfig") or Spelled({})
    budget, level = wish.maybe_int("thinkingBudget"), wish.maybe_text("thinkingLevel")
    form = () if level is None else (f"{LEVEL}{level}",)
    extras = set_aside(wish, *form) or extras_of(NAME, {}, "said")
    effort = None if level is None else level.lower()
    match budget:
        case None:
            return ReasoningWish(effort=effort, extras=extras)
        case 0:
            return ReasoningWish("off", effort, extras=extras)
        case _ if budget < 0:
            return ReasoningWish("adaptive", effort, extras=extras)
        case _:
            return ReasoningWish("on", effort, budget, extras)
