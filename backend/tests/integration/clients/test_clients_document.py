"""docs/clients.md: every example is run as it stands, but for the port."""

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .asking import DOCUMENTED
from .environments import CLIENTS, command_in, find_environment, prepare, variables_for
from .expected import EXPECTED
from .sent import sent
from .turns import Turn, playing

DOCUMENT = Path(__file__).parents[4] / "docs" / "clients.md"
ADDRESS = "http://127.0.0.1:8000"
ENVIRONMENTS = {
    "OpenAI for Python": ("openai", "openai-2"),
    "OpenAI for Node": ("openai-node",),
    "Anthropic for Python": ("anthropic",),
    "Anthropic for Node": ("anthropic-node",),
    "Google for Python": ("google-genai",),
    "Vercel AI SDK": ("vercel-ai",),
    "LangChain": ("langchain",),
    "Pydantic AI": ("pydantic-ai",),
    "LiteLLM": ("litellm",),
    "llm": ("llm",),
}
VARIABLES_ALONE = {
    "openai": (
        "from openai import OpenAI; "
        "print(OpenAI().responses.create(model='claude-sonnet-5', input='Hello').output_text)"
    ),
    "anthropic": (
        "from anthropic import Anthropic; said = [{'role': 'user', 'content': 'Hello'}]; "
        "reply = Anthropic().messages.create(model='gpt-5.6', max_tokens=9, messages=said); "
        "print(reply.content[0].text)"
    ),
    "google-genai": (
        "from google import genai; client = genai.Client(); "
        "print(client.models.generate_content(model='gpt-5.6', contents='Hello').text)"
    ),
}
"""What asks with nothing but the variables of the document."""


@dataclass(frozen=True)
class Example:
    """A block of code of the document."""

    section: str
    language: str
    code: str


def examples() -> Iterator[Example]:
    """Give every block of code of the document."""
    for part in re.split(r"^## ", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE):
        section = part.partition("\n")[0]
        for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", part, re.MULTILINE | re.DOTALL):
            yield Example(section, language, code)


_FIRST, *EXAMPLES = examples()
CASES = [
    (example, environment) for example in EXAMPLES for environment in ENVIRONMENTS[example.section]
]


async def output_of(command: list[str], folder: Path, **more: str) -> str:
    """Run a command; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=variables_for(folder, **more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, log = await process.communicate()
    assert process.returncode == 0, log.decode()
    return out.decode()


@pytest.mark.parametrize(
    ("example", "environment"), CASES, ids=[f"{x.section}, {name}" for x, name in CASES]
)
async def test_the_lines_of_the_document_are_answered(
    example, environment, dragoman, upstream, tmp_path
):
    place = find_environment(environment)
    prepare(place, tmp_path)
    suffix = {"python": "py", "js": "mjs", "sh": "sh"}[example.language]
    program = tmp_path / f"example.{suffix}"
    program.write_text(example.code.replace(ADDRESS, dragoman.address), "utf-8")
    command = ["sh", "-eu", str(program)] if suffix == "sh" else command_in(place, program)
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    upstream.play(playing(Turn(("Good", " day"))))

    more = {"PATH": path, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    said = await output_of(command, tmp_path, **more)

    questions = 3 if "for (" in example.code else 1
    assert said.split("\n")[:-1] == ["Good day"] * questions
    for asked in map(sent, upstream.received):
        assert asked.model in DOCUMENTED.values()
        assert asked.texts == ("Hello",)
    assert len(upstream.received) == questions


@pytest.mark.parametrize("environment", VARIABLES_ALONE)
async def test_the_variables_of_the_document_are_enough(environment, dragoman, upstream, tmp_path):
    upstream.play(playing(Turn(("Good", " day"))))
    program = tmp_path / "asking.py"
    program.write_text(VARIABLES_ALONE[environment], "utf-8")
    asking = " ".join(command_in(find_environment(environment), program))
    script = f"{_FIRST.code.replace(ADDRESS, dragoman.address)}exec {asking}"

    assert await output_of(["sh", "-euc", script], tmp_path) == "Good day\n"
    assert len(upstream.received) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_the_document_names_the_versions_it_was_tested_with(client, client_named):
    versions = client_named(client).versions
    name, version = next(iter(versions.items()))

    assert re.search(rf"\| .*{re.escape(version)}.* \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert name in DOCUMENT.read_text("utf-8")


def test_every_client_has_an_example():
    environments = {name for names in ENVIRONMENTS.values() for name in names}

    assert environments == {client.folder for client in CLIENTS.values()}
    assert {example.section for example in EXAMPLES} == set(ENVIRONMENTS)


def test_every_class_that_the_document_names_is_one_that_was_seen():
    section = DOCUMENT.read_text("utf-8").partition("## Failures")[2]
    named = set(re.findall(r"`([A-Z]\w+(?:Error|Timeout|Exception)|Timeout)`", section))

    seen = {error.split()[0] for row in EXPECTED.values() for error in row.values()}
    assert named <= seen
    assert len(named) > 20
