"""What a server says when it is ready: where it is, and what to try first."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import dragoman
from dragoman.composition import Composition
from dragoman.config import ModelEntry
from dragoman.services.providers import Background
from dragoman.services.providers.local import TOY

MOST: Final = 12
"""So many models are named; of the others, their number."""

_TOYS: Final = """
This is a toy, to see that everything works. For real answers put a key and a list of MODELS into
.env: docs/configuration.md shows how.
"""

_GREETING: Final = """
Dragoman {version} is ready at {address} (Ctrl-C ends it)

  In the browser    {page}
  From a shell      curl -N {address}/api/v1/messages \\
                      -H 'Accept: text/event-stream' -H 'Content-Type: application/json' \\
                      -d '{{"message": "What is the capital of France?"}}'
  In a terminal     {program} chat --url {address}
  The whole API     {address}/docs
  Models            {models}
"""


def greeting(address: str, composition: Composition, *, program: str, has_page: bool = True) -> str:
    """Write the greeting of a server at `address`, a URL; `has_page` if its page is built."""
    models = composition.models
    shown = [_model(entry, composition) for entry in models.models[:MOST]]
    if len(models.models) > MOST:
        shown.append(f"  and {len(models.models) - MOST} more: {program} models")
    text = _GREETING.format(
        version=dragoman.__version__,
        address=address,
        page=address if has_page else f"the page is not built yet: {address} says how",
        program=program,
        models="\n                    ".join(shown),
    )
    return text + _TOYS if TOY in models.models else text


def _model(entry: ModelEntry, composition: Composition) -> str:
    provider = composition.registry.get(entry.provider)
    mark = "*" if entry.default else " "
    loading = " (is being loaded)" if isinstance(provider, Background) else ""
    return f"{mark} {entry.id}  {entry.name}, from {provider.get_config({}).name}{loading}"


def program(argv: str, *, cwd: Path) -> str:
    """Give the words that start this program again; `argv` is how it was started."""
    started = Path(argv)
    if started.name == "__main__.py":
        return "python -m dragoman"
    found = shutil.which(started.name)
    if found is not None and Path(found).resolve() == started.resolve():
        return started.name
    with suppress(ValueError):
        return str(started.resolve().relative_to(cwd))
    return str(started)
