"""The page of the providers says what the code does: it is written from it."""

import subprocess
import sys
from pathlib import Path

from dragoman.services.providers import registry

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "providers_page.py"
PAGE = ROOT / "docs" / "providers.md"


def test_the_page_is_what_the_script_would_write():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_every_provider_has_one_line_with_its_name_and_key():
    lines = PAGE.read_text("utf-8").splitlines()
    for provider in registry.get_all():
        config = provider.get_config({})
        (line,) = [line for line in lines if line.startswith(f"| `{config.id}` |")]
        assert f"| {config.name} |" in line
        assert config.api_key_env is None or f"`{config.api_key_env}`" in line
