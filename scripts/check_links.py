"""Checks that every relative link in the Markdown documents leads to a file, and to a heading."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(
    r"""\]\(\s*<?([^)\s>]+)         # [text](target)
      | ^\s*\[[^\]]+\]:\s*(\S+)     # [label]: target
      | \b(?:src|href)="([^"]+)"    # <img src="target">
    """,
    re.MULTILINE | re.VERBOSE,
)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents(root: Path) -> list[Path]:
    """Name every Markdown file of the checkout that git knows or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(path for name in listing.stdout.splitlines() if (path := root / name).is_file())


def prose(document: Path) -> str:
    """The text without its examples of code."""
    return FENCE.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """The names that headings get on GitHub: `## Errors & limits` is `errors--limits`."""
    seen: Counter[str] = Counter()
    names = set()
    for title in HEADING.findall(prose(document)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        names.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return names


def links(document: Path) -> Iterator[str]:
    """The targets of a document's links that stay in this repository."""
    for groups in LINK.findall(CODE.sub("", prose(document))):
        target = next(filter(None, groups))
        if not ELSEWHERE.match(target):
            yield unquote(target)


def complaint(document: Path, target: str, root: Path) -> str:
    """What is wrong with a link; nothing if it leads somewhere."""
    name, _, anchor = target.partition("#")
    path = (root / name.lstrip("/") if name.startswith("/") else document.parent / name).resolve()
    path = path if name else document
    if not path.exists():
        return f"no such file: {target}"
    if not path.is_relative_to(root):
        return f"outside the repository: {target}"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"no such heading: {target}"
    return ""


def main(root: Path = ROOT) -> int:
    """Print every broken link; the exit code is 1 if there is one."""
    found = [(document, target) for document in documents(root) for target in links(document)]
    broken = [
        f"{document.relative_to(root)}: {wrong}"
        for document, target in found
        if (wrong := complaint(document, target, root))
    ]
    for line in broken:
        print(line, file=sys.stderr)
    verdict = f"{len(broken)} of them broken" if broken else "all of them lead somewhere"
    print(f"{len(found)} links in {len(documents(root))} documents, {verdict}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
