"""Who can be asked: a new provider is a row or one small file, and is found here.

registry.register(MyProvider())     a duplicate id is an error
registry.get("mine")                 raises UnknownProviderError, naming the known ids
"""

from typing import Final

from dragoman.services.providers.anthropic import AnthropicProvider, map_anthropic_error
from dragoman.services.providers.base import (
    Background,
    BaseProvider,
    Batch,
    Batches,
    ChatModel,
    Counts,
    Embedded,
    Embeds,
    Engines,
    Explains,
    Outgoing,
    ProviderConfig,
    ProviderStatus,
    Runtime,
    Shown,
    State,
    facts_of,
)
from dragoman.services.providers.bedrock import BedrockProvider
from dragoman.services.providers.catalog import catalog
from dragoman.services.providers.counting import CountRoute, FieldsRoute
from dragoman.services.providers.errors import ErrorRow, map_provider_error
from dragoman.services.providers.gemini import GeminiProvider, map_gemini_error
from dragoman.services.providers.health import Health, health_of, status_of
from dragoman.services.providers.http import HttpProvider
from dragoman.services.providers.local import LocalProvider
from dragoman.services.providers.ollama import OllamaProvider
from dragoman.services.providers.openai import OpenAIProvider, map_openai_error
from dragoman.services.providers.plugins import Plugins, installed, load_plugins
from dragoman.services.providers.registry import (
    DuplicateProviderError,
    ProviderRegistry,
    UnknownProviderError,
)
from dragoman.services.providers.rows import provider_of
from dragoman.services.providers.vertex import VertexProvider
from dragoman.wire import anthropic_messages, ollama_chat, openai_chat, openai_responses

registry: Final = ProviderRegistry()
"""The providers that this package brings, and those that plugins add when they are imported."""

registry.register(OpenAIProvider())
registry.register(AnthropicProvider())
registry.register(GeminiProvider())
registry.register(LocalProvider())
registry.register(BedrockProvider())
registry.register(VertexProvider())

FAMILIES: Final[dict[str, HttpProvider]] = {
    # Compatible servers learnt the dialect early, and many know only its older words.
    "openai": OpenAIProvider(
        without=frozenset({"max_completion_tokens", "developer_role", "kindred_fields"})
    ),
    "anthropic": AnthropicProvider(),
    "ollama": OllamaProvider(),
}
"""What a row may speak: it behaves like the first provider of that family."""

FAMILY_WIRES: Final = {family: provider.wires for family, provider in FAMILIES.items()}
"""The wire formats that a row may name in its `wires`, by what it speaks."""

FEATURES: Final[frozenset[str]] = frozenset().union(
    *(
        wire.OPTIONAL_FIELDS | wire.FEATURES.keys()
        for wire in (openai_chat, openai_responses, anthropic_messages, ollama_chat)
    )
)
"""What a row may go `without`, as far as it is known here: any other field may be named, too."""

CATALOG: Final = catalog(FAMILIES)
"""The providers that are rows of data: an operator may define one of them anew."""

for _provider in CATALOG:
    registry.register(_provider)

__all__ = [
    "CATALOG",
    "FAMILIES",
    "FAMILY_WIRES",
    "FEATURES",
    "AnthropicProvider",
    "Background",
    "BaseProvider",
    "Batch",
    "Batches",
    "BedrockProvider",
    "ChatModel",
    "CountRoute",
    "Counts",
    "DuplicateProviderError",
    "Embedded",
    "Embeds",
    "Engines",
    "ErrorRow",
    "Explains",
    "FieldsRoute",
    "GeminiProvider",
    "Health",
    "HttpProvider",
    "LocalProvider",
    "OllamaProvider",
    "OpenAIProvider",
    "Outgoing",
    "Plugins",
    "ProviderConfig",
    "ProviderRegistry",
    "ProviderStatus",
    "Runtime",
    "Shown",
    "State",
    "UnknownProviderError",
    "VertexProvider",
    "facts_of",
    "health_of",
    "installed",
    "load_plugins",
    "map_anthropic_error",
    "map_gemini_error",
    "map_openai_error",
    "map_provider_error",
    "provider_of",
    "registry",
    "status_of",
]
