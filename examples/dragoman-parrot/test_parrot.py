import json

from dragoman.chat import Usage
from dragoman.testing import ProviderContract

from parrot import provider

END = {"done": "thirsty", "heard": 3, "spoken": 2}


class TestParrot(ProviderContract):
    provider = provider
    usage = Usage(input=3, output=2)

    def whole(self, text):
        return json.dumps({"said": text, **END}).encode()

    def stream(self, words):
        lines = [*({"word": word} for word in words), END]
        return [json.dumps(line).encode() + b"\n" for line in lines]
