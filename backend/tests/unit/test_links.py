"""The check of the documents' links: what it lets pass and what it reports."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "check_links.py"

GUIDE = """# The guide

## Errors & limits
## Errors & limits
See [it](README.md), [limits](#errors--limits-1), [home](/README.md#start), [web](https://a.example/x).
`[not](a-link.md)`
```
[nor](this.md)
```
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of two documents whose links are right, with the script in its place."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "check_links.py").write_text(SCRIPT.read_text(encoding="utf-8"))
    (tmp_path / "README.md").write_text("# Start\n[guide](guide.md#the-guide)\n")
    (tmp_path / "guide.md").write_text(GUIDE)
    return tmp_path


def check(checkout: Path) -> subprocess.CompletedProcess[str]:
    script = checkout / "scripts" / "check_links.py"
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )


def test_links_that_lead_somewhere_pass(checkout: Path) -> None:
    done = check(checkout)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "4 links in 2 documents, all of them lead somewhere\n"


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("[x](nowhere.md)", "no such file: nowhere.md"),
        ("[x]: docs/nowhere.md", "no such file: docs/nowhere.md"),
        ('<img src="logo.png">', "no such file: logo.png"),
        ("[x](guide.md#gone)", "no such heading: guide.md#gone"),
        ("[x](#gone)", "no such heading: #gone"),
        ("[x](../)", "outside the repository: ../"),
    ],
)
def test_a_link_that_leads_nowhere_is_reported(checkout: Path, link: str, complaint: str) -> None:
    with (checkout / "README.md").open("a") as document:
        document.write(f"\n{link}\n")

    done = check(checkout)

    assert done.returncode == 1
    assert done.stderr == f"README.md: {complaint}\n"
