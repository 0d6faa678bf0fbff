"""The `llm` command line, with a model of `extra-openai-models.yaml`: one process a cell."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cell_driver import Cells

cells = Cells(("llm", "openai"))
NOTHING = subprocess.DEVNULL
LLM = Path(sys.executable).with_name("llm")
FOLDER = Path(os.environ["HOME"]) / "llm"
FUNCTIONS = '''
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return {"Paris": "21 degrees in Paris", "Rome": "28 degrees in Rome"}[city]
'''
SCHEMA = "name, population int"


class CommandError(Exception):
    """The program ended with an error; the words are its own."""


def command_for(ask: SimpleNamespace, *words: str) -> list[str]:
    """Describe the model in the program's file of models, and ask it."""
    FOLDER.mkdir(exist_ok=True)
    model = {
        "model_id": "dragoman",
        "model_name": ask.model,
        "api_base": f"{ask.base}/v1",
        "api_key_name": "dragoman",
        "supports_tools": True,
        "supports_schema": True,
        "reasoning": True,
    }
    # JSON is YAML.
    (FOLDER / "extra-openai-models.yaml").write_text(json.dumps([model]), encoding="utf-8")
    (FOLDER / "keys.json").write_text('{"dragoman": "any"}', encoding="utf-8")
    return [str(LLM), "-m", "dragoman", "-s", ask.system, *words, ask.prompt]


def variables() -> dict[str, str]:
    """The program's folder, and nothing that delays what it prints."""
    return {**os.environ, "LLM_USER_PATH": str(FOLDER), "PYTHONUNBUFFERED": "1"}


def ended(command: list[str]) -> tuple[str, str]:
    """Run a command to its end; give what it wrote."""
    done = subprocess.run(
        command, capture_output=True, text=True, env=variables(), stdin=NOTHING, check=False
    )
    if done.returncode:
        raise CommandError(done.stderr.strip())
    return done.stdout, done.stderr


def usage_in(told: str) -> dict[str, int] | None:
    """Count as every client's outcome does, from the line that the program prints."""
    counts = re.search(r"(\d+) input, (\d+) output", told)
    return counts and {"input": int(counts[1]), "output": int(counts[2])}


@cells.cell("chat")
def plain(ask: SimpleNamespace) -> dict[str, Any]:
    text, told = ended(command_for(ask, "--no-stream", "--usage", "-o", "temperature", "0.5"))
    return {"text": text.rstrip("\n"), "usage": usage_in(told)}


@cells.cell("chat")
def stream(ask: SimpleNamespace) -> dict[str, Any]:
    with subprocess.Popen(
        command_for(ask, "--usage"),
        stdin=NOTHING,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        pieces = list(iter(lambda: os.read(process.stdout.fileno(), 65536), b""))
        told = process.stderr.read().decode()
    text = b"".join(pieces).decode()
    if process.returncode:
        failure = {"outcome": "raised", "error": "CommandError", "message": told.strip()}
        return failure | {"text": text.rstrip("\n"), "lineage": []}
    return {"text": text.rstrip("\n"), "pieces": len(pieces), "usage": usage_in(told)}


@cells.cell("chat")
def cancel(ask: SimpleNamespace) -> dict[str, Any]:
    with subprocess.Popen(
        command_for(ask), stdin=NOTHING, stdout=subprocess.PIPE, stderr=NOTHING, env=variables()
    ) as process:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 65536)
        process.send_signal(signal.SIGINT)
    return {"pieces": 1}


def loop(ask: SimpleNamespace, *words: str) -> dict[str, Any]:
    """Have the program call the tool."""
    text, told = ended(command_for(ask, "--functions", FUNCTIONS, "--td", *words))
    calls = [
        {"name": name, "arguments": ast.literal_eval(arguments)}
        for name, arguments in re.findall(r"^Tool call: (\w+)\((.*)\)$", told, re.MULTILINE)
    ]
    return {"text": text.rstrip("\n"), "calls": calls}


@cells.cell("chat")
def tools(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask, "--no-stream")


@cells.cell("chat")
def parallel(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask, "--no-stream")


@cells.cell("chat")
def tools_streamed(ask: SimpleNamespace) -> dict[str, Any]:
    return loop(ask)


@cells.cell("chat")
def schema(ask: SimpleNamespace) -> dict[str, Any]:
    text, _ = ended(command_for(ask, "--no-stream", "--schema", SCHEMA))
    return {"parsed": json.loads(text)}


@cells.cell("chat")
def reasoning(ask: SimpleNamespace) -> dict[str, Any]:
    text, _ = ended(command_for(ask, "--no-stream", "-o", "reasoning_effort", "high"))
    return {"text": text.rstrip("\n")}


cells.cannot("chat", "models", because="`llm models` lists its own file, not a server's models")
cells.cannot(
    "chat", "embeddings", because="`llm embed` asks OpenAI's address only, without a plugin"
)

if __name__ == "__main__":
    cells.serve()
