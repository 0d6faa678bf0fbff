"""Writes docs/providers.md: every provider there is, as the code has it; `--check` compares it.

What the recorded exchanges show is counted where DRAGOMAN_CORPUS says where they are; elsewhere the
page keeps what it says of them.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dragoman.services.providers import HttpProvider, LocalProvider, registry
from dragoman.services.providers.catalog import CatalogRow, catalog_rows
from dragoman.services.providers.model_facts import ModelFacts, model_rows

PAGE = Path(__file__).resolve().parents[1] / "docs" / "providers.md"

HEAD = """\
# The providers

<!-- Written by scripts/providers_page.py from the catalog and the code: change those. -->

Every provider that Dragoman knows by itself. One with a key is enabled: put its key into the
variable below, in `.env` or the process environment, and list its models in `MODELS`
([Configuration](configuration.md#the-list-of-models)). The variable `<ID>_BASE_URL`, with the id in
capitals and `_` for `-`, sends its requests elsewhere. A provider that is not here is
[a few lines of your own](configuration.md#a-provider-of-your-own).

The *wire formats* are those it is asked in, the usual one first:
[in which](configuration.md#in-which-wire-format) decides the model's entry, else the client.
"""

ROWS = """
## From the catalog

They are rows of data
([`catalog.toml`](../backend/src/dragoman/services/providers/catalog.toml)), and a definition of
your own takes the place of one. They bring no models: `dragoman models --discover` asks each vendor
for its own ids. The date is the day on which the row was last looked up, at that page.
"""

BUILT_IN = """
## Built in
"""

NOTES = """
## What is special about them

*Without* names what a vendor does not take: such a field is left out of a request, with a receipt,
and a request that needs such a feature is refused.

"""

CLOUDS = """
- **Amazon Bedrock** (`bedrock`): any model by Converse, and Claude in Anthropic's own words for
  clients that speak them. A key, or Amazon's credentials
  ([Configuration](configuration.md#amazon-bedrock)).
- **Google Vertex AI** (`vertex`): no key, but Google's credentials
  ([Configuration](configuration.md#google-vertex-ai)).
"""

KNOWN = """
## What is known of models

What vendors say of their models
([`models.toml`](../backend/src/dragoman/services/providers/models.toml)), by patterns of their ids;
in tokens. `✗` is what a model is known to lack: asking for it is refused. What is empty, or in
neither list, is unknown, and the vendor has the say.
[An entry of your own](configuration.md#what-a-model-can-do) says otherwise.

"""

RECORDED = """
## Held against recordings

Recorded exchanges of these providers are read by the wire format, and their requests are written
for the row, by the tests. Where tokens are counted, vectors made and models listed, the provider is
asked, and the recording answers.
"""

UNSPOKEN = """
Nothing here speaks these endpoints, which were recorded, too.
"""

# What the recordings call a route, and the wire format that speaks it.
ENDPOINTS: Final = {
    "chat.completions": "openai_chat",
    "responses": "openai_responses",
    "messages": "anthropic_messages",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
    "converse": "bedrock_converse",
    "converse-stream": "bedrock_converse",
    "api.chat": "ollama_chat",
}
# Any model's own format, and so Anthropic's where a request names its version.
INVOKES: Final = frozenset({"invoke", "invoke-stream"})


# By the end of its route, what an exchange beside conversations is about.
ASIDES: Final = (
    ("/count_tokens", "counting tokens"),
    (":countTokens", "counting tokens"),
    ("/count-tokens", "counting tokens"),
    ("/responses/input_tokens", "counting tokens"),
    ("/v1/embeddings", "vectors"),
    ("/test-deployment/embeddings", "vectors"),
    (":batchEmbedContents", "vectors"),
    (":embedContent", "vectors"),
    ("/v1/models", "list of models"),
)
FOR_VECTORS: Final = frozenset({"texts", "singleEmbeddingParams"})

# Why nothing is asked there.
WHY_NOT: Final = {
    "api.generate": "a text that goes on, without turns",
    "chat": "Cohere is asked by its route of OpenAI's format",
    "completions": "a text that goes on, without turns",
    "embeddings": "asked by the vendor's route of OpenAI's format",
    "invoke": "bodies of Nova's own (Converse asks it), and of a text that goes on",
    "invoke-stream": "bodies of Nova's and Titan's own: Converse asks them",
    "rerank": "no model is asked to say anything",
    "responses.other": "what is kept is kept here, and not with the vendor",
}

# What stands in the addresses of clouds: a region, a project.
SOMEWHERE: Final = {
    "AWS_REGION": "us-east-1",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
    "GOOGLE_CLOUD_PROJECT": "your-project",
}


def page() -> str:
    """Give the whole page, with a line end at its end."""
    rows = {row.id: row for row in catalog_rows()}
    providers = [one for one in registry.get_all() if isinstance(one, HttpProvider)]
    built_in = [one for one in providers if one.provider_id not in rows]
    parts = [
        HEAD,
        BUILT_IN,
        *table(["id", "name", "key", "address", "wire formats", "default models"]),
        *(cells([*identity(one), models(one)]) for one in built_in),
        local(),
        ROWS,
        *table(["id", "name", "key", "address", "wire formats", "as of"]),
        *(
            cells([*identity(one), f"[{row.as_of:%Y-%m}]({row.source})"])
            for one in providers
            if (row := rows.get(one.provider_id)) is not None
        ),
        NOTES,
        *(notes(row) for row in rows.values() if is_special(row)),
        CLOUDS.removeprefix("\n"),
        KNOWN.removesuffix("\n\n"),
        *table(["models", "asked at", "window", "answer", "can, and cannot", "efforts", "as of"]),
        *(cells(known(row)) for row in model_rows()),
    ]
    text = "\n".join(part.removesuffix("\n") for part in parts) + "\n"
    folder = os.environ.get("DRAGOMAN_CORPUS")
    return text + (recorded(Path(folder)) if folder else as_it_was())


def as_it_was() -> str:
    """Give what the page says of the recordings."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    before, heading, after = text.partition(RECORDED)
    return heading + after if before else ""


def recorded(folder: Path) -> str:
    """Count the recorded exchanges: by provider and wire format, and those that nobody speaks."""
    index = json.loads((folder / "index.json").read_bytes())["index"]
    spoken: Counter[tuple[str, str]] = Counter()
    unspoken: Counter[tuple[str, str]] = Counter()
    for row in index:
        told = spoken_as(folder, row)
        counts = unspoken if told is None else spoken
        counts[row["provider"], row["endpoint"] if told is None else told] += 1
    lines = [
        RECORDED,
        *table(["recorded", "read as", "exchanges"]),
        *(cells([who, told, str(n)]) for (who, told), n in sorted(spoken.items())),
        cells(["all", "", str(spoken.total())]),
        UNSPOKEN,
        *table(["recorded", "endpoint", "exchanges", "why"]),
        *(
            cells([provider, f"`{endpoint}`", str(count), WHY_NOT[endpoint]])
            for (provider, endpoint), count in sorted(unspoken.items())
        ),
        cells(["all", "", str(unspoken.total()), ""]),
    ]
    return "\n".join(line.removesuffix("\n") for line in lines) + "\n"


def spoken_as(folder: Path, row: dict[str, str]) -> str | None:
    """Tell what reads an exchange: a wire format by its name, or what is asked beside them."""
    wire = ENDPOINTS.get(row["endpoint"])
    asked = json.loads((folder / row["file"]).read_bytes()).get("request") or {}
    body = asked.get("body") or {}
    if row["endpoint"] in INVOKES and "anthropic_version" in body:
        wire = "anthropic_messages"
    if wire is not None:
        return f"`{wire}`"
    if row["endpoint"] in INVOKES and not FOR_VECTORS.isdisjoint(body):
        return "vectors"
    route = asked.get("path", "").partition("?")[0]
    return next((about for end, about in ASIDES if route.endswith(end)), None)


def table(heads: list[str]) -> Iterator[str]:
    """Give the head of a table."""
    yield ""
    yield cells(heads)
    yield "|" + "---|" * len(heads)


def cells(texts: list[str]) -> str:
    """Give one line of a table."""
    return f"| {' | '.join(texts)} |"


def identity(provider: HttpProvider) -> list[str]:
    """Give what every table has of a provider."""
    row = next((row for row in catalog_rows() if row.id == provider.provider_id), None)
    config = provider.get_config({})
    address = f"`{config.base_url}`"
    if not config.base_url:
        such_as = provider.get_config(SOMEWHERE).base_url if row is None else row.address
        address = f"yours, such as `{such_as}`"
    key = f"`{config.api_key_env}`" if config.api_key_env else "none"
    wires = ", ".join(f"`{wire}`" for wire in provider.wires)
    return [f"`{config.id}`", config.name, key, address, wires]


def models(provider: HttpProvider) -> str:
    """Name the models that are offered where nobody listed any."""
    return ", ".join(f"`{model.id}`" for model in provider.default_models)


def local() -> str:
    """Give the line of the model inside Dragoman."""
    model = LocalProvider().model_entry({}).id
    name = LocalProvider().get_config({}).name
    return cells(["`local`", name, "none", "a process of its own", "`openai_chat`", f"`{model}`"])


def is_special(row: CatalogRow) -> bool:
    """Tell whether there is more to say of a row than its table has."""
    return bool(row.without or row.notes or row.errors or row.key_header or row.address)


def notes(row: CatalogRow) -> str:
    """Give one paragraph about a row."""
    said = [row.notes] if row.notes else []
    if row.address:
        variable = f"{row.id.upper().replace('-', '_')}_BASE_URL"
        said.append(f"Its address is another for each customer: set `{variable}`.")
    if row.key_header:
        said.append(f"The key goes into the header `{row.key_header[0]}`.")
    if row.without:
        said.append(f"Without {', '.join(f'`{word}`' for word in row.without)}.")
    if row.errors:
        count = len(row.errors)
        said.append(f"It has {count} error{'' if count == 1 else 's'} of its own.")
    return f"- **{row.name}** (`{row.id}`): {' '.join(said)}"


def known(row: ModelFacts) -> list[str]:
    """Give what is known of some models."""
    able = [*(row.capabilities or ()), *(f"✗ {word}" for word in row.lacks)]
    return [
        ", ".join(f"`{pattern}`" for pattern in row.models),
        ", ".join(f"`{provider}`" for provider in row.providers),
        "" if row.context_window is None else f"{row.context_window:,}",
        "" if row.max_output_tokens is None else f"{row.max_output_tokens:,}",
        ", ".join(able),
        "by a budget" if row.efforts == () else ", ".join(row.efforts or ()),
        f"[{row.as_of:%Y-%m}]({row.source})",
    ]


def main() -> int:
    """Write the page, or compare it; gives the exit code."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/providers.md is not what the code says: run scripts/providers_page.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
