"""Two spellings of each word: `mimeType` as the vendor writes it, `mime_type` as many clients do.

A word in snake case is read as the vendor's, and is remembered as a mark of its object, so that it
goes back as it came.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dragoman.chat import Extras, Json, JsonObject, extras_of
from dragoman.wire.fields import Fields
from dragoman.wire.gemini.words import NAME, SINGLE, forms_of

_WORDS: Final = (
    *("systemInstruction", "generationConfig", "toolConfig", "safetySettings", "cachedContent"),
    *("inlineData", "fileData", "functionCall", "functionResponse", "thoughtSignature"),
    *("mimeType", "fileUri", "displayName", "videoMetadata", "executableCode"),
    *("codeExecutionResult", "toolCall", "toolResponse", "partialArgs", "willContinue"),
    *("functionDeclarations", "parametersJsonSchema", "functionCallingConfig"),
    *("allowedFunctionNames", "topP", "topK", "maxOutputTokens", "stopSequences"),
    *("presencePenalty", "frequencyPenalty", "candidateCount", "responseMimeType"),
    *("responseSchema", "responseJsonSchema", "responseFormat", "thinkingConfig"),
    *("thinkingBudget", "thinkingLevel", "includeThoughts"),
)


def snake(word: str) -> str:
    """Spell a word of the vendor's in snake case."""
    return re.sub("([A-Z])", r"_\1", word).lower()


_CAMEL: Final = {snake(word): word for word in _WORDS if snake(word) != word}


class Spelled(Fields):
    """An object in either spelling; `form` tells the words that were in snake case, and more."""

    def __init__(self, value: Json, path: str = "") -> None:
        super().__init__(value, path)
        self.form: list[str] = []
        for name in tuple(self._left):
            word = _CAMEL.get(name)
            if word is not None and word not in self._left:
                self._left[word] = self._left.pop(name)
                self.form.append(name)

    def at(self, name: str) -> str:
        """Give the path of a field, as its author spelled it."""
        return super().at(snake(name) if snake(name) in self.form else name)

    def inner(self, name: str) -> "Spelled | None":
        """Take an object that may be absent or null, to be read in turn."""
        value = self.take(name)
        return None if value is None else Spelled(value, self.at(name))

    def listed(self, name: str) -> Iterator["Spelled"]:
        """Take a list of objects; one alone needs no brackets, and leaves a mark."""
        value = self.take(name)
        if isinstance(value, dict):
            self.form.append(f"{SINGLE} {name}")
            yield Spelled(value, self.at(name))
        elif value is not None:
            if not isinstance(value, list):
                raise self.wrong(name, "a list", value)
            for place, item in enumerate(value):
                yield Spelled(item, f"{self.at(name)}[{place}]")


def set_aside(fields: Spelled, *form: str, **inside: Spelled | None) -> Extras | None:
    """Keep what was not taken of an object, and of the objects `inside` it that were."""
    left, marks = dict(fields.rest()), [*form, *fields.form]
    for name, inner in inside.items():
        if inner is not None:
            marks += inner.form
            if inner.rest():
                left[name] = inner.rest()
    return extras_of(NAME, left, *dict.fromkeys(marks))


def respelled(said: JsonObject, form: Iterable[str]) -> JsonObject:
    """Spell the words of an object in snake case where `form` remembers them so."""
    names = {_CAMEL[mark]: mark for mark in form if mark in _CAMEL}
    return {names.get(name, name): value for name, value in said.items()} if names else said


def unlisted(said: JsonObject, extras: Extras | None) -> JsonObject:
    """Take the brackets off the lists that came without them."""
    marks = forms_of(extras)
    return {
        name: value[0]
        if f"{SINGLE} {name}" in marks and isinstance(value, list) and len(value) == 1
        else value
        for name, value in said.items()
    }
