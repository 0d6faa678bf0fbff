"""The files configuration is read from: `.env` and `dragoman.toml`, as text and as values."""

import hashlib
import io
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream
from msgspec import Struct

from .errors import Findings, Mistake
from .wording import TWO_BRACKETS

LARGEST: Final = 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ONE_BRACKET: Final = re.compile(r"^[ \t]*\[[ \t]*models[ \t]*\]", re.MULTILINE)


class FileSeen(Struct, frozen=True):
    """A file as it was when it was looked at; `digest` is `None` if there was none."""

    path: Path
    digest: str | None


class SourceFile(Struct, frozen=True):
    """A file that was looked for: its text, `None` if it is not there or could not be read."""

    seen: FileSeen
    place: str
    text: str | None = None

    def __repr__(self) -> str:
        return f"SourceFile({str(self.seen.path)!r})"


class _NotAFile(Mistake):
    """There is something of that name, and it is a folder, a pipe or a device."""


def look_at(path: Path) -> FileSeen:
    """Look at a file: two looks are equal as long as its content is. Never raises."""
    try:
        return FileSeen(path, _digest(_content(path)))
    except Mistake as mistake:
        return FileSeen(path, str(mistake))


def open_source(path: Path, *, asked_for: str | None, findings: Findings) -> SourceFile:
    """Read a file whole. `asked_for` is the option that named it, if one did: it must exist then.

    A file that nobody named may be missing.
    """
    place = str(path) if asked_for else path.name
    octets = None
    try:
        octets = _content(path)
        text = None if octets is None else _decoded(octets)
    except Mistake as mistake:
        # People keep virtual environments in folders called .env.
        ignored = isinstance(mistake, _NotAFile) and asked_for is None
        note = findings.warning if ignored else findings.problem
        note(f"{place}: {mistake}")
        return SourceFile(FileSeen(path, _digest(octets) or str(mistake)), place)
    if octets is None and asked_for is not None:
        findings.problem(f"{place}: there is no such file: correct {asked_for}")
    return SourceFile(FileSeen(path, _digest(octets)), place, text)


def _content(path: Path) -> bytes | None:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        octets = path.read_bytes() if regular and path.stat().st_size <= LARGEST else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Mistake(f"it cannot be read ({error.strerror}): correct that") from None
    if not regular:
        raise _NotAFile("this is not a regular file: it is not read")
    if octets is None:
        raise Mistake(f"it is larger than {LARGEST} bytes, and no configuration is")
    return octets


def _digest(octets: bytes | None) -> str | None:
    return None if octets is None else hashlib.sha256(octets).hexdigest()


def _decoded(octets: bytes) -> str:
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Mistake("it is written in UTF-16: save it as UTF-8")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise Mistake(f"line {line} is not UTF-8: save the file as UTF-8") from None


def read_dotenv(source: SourceFile, findings: Findings) -> dict[str, str]:
    """Read `NAME=value` lines; nothing is expanded. Complaints give the line, never its text."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(source.text or "")):
        line = _line_of(binding)
        if binding.error or (binding.key and not _NAME.fullmatch(binding.key)):
            findings.problem(
                f"{source.place}: line {line} is not NAME=value: correct it (a value of several "
                "lines stands between single quotes, a remark begins with '#')"
            )
            continue
        if binding.key is None or binding.value is None:
            continue
        if binding.key in values:
            findings.warning(
                f"{source.place}: {binding.key} is set on line {lines[binding.key]} and again on "
                f"line {line}: the last one counts"
            )
        values[binding.key], lines[binding.key] = binding.value, line
    return values


def _line_of(binding: Binding) -> int:
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return int(binding.original.line) + blank.count("\n")


def read_toml(source: SourceFile, findings: Findings) -> Mapping[str, object]:
    """Read a TOML file; a complaint about its syntax gives line and column."""
    if source.text is None:
        return {}
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        findings.problem(f"{source.place}: not valid TOML: {error}{_cure(source.text)}")
    except RecursionError:
        findings.problem(f"{source.place}: not valid TOML: nested too deeply")
    except ValueError:  # an integer of thousands of digits
        findings.problem(f"{source.place}: not valid TOML: a number is too long")
    return {}


def _cure(text: str) -> str:
    table = _ONE_BRACKET.search(text)
    if table is None:
        return ""
    line = text.count("\n", 0, table.start()) + 1
    return f": {TWO_BRACKETS} (line {line} has one)"
