"""Two kinds of pictures, as SVG: bars on a logarithmic scale from one on, and lines."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain
from math import ceil, log10
from typing import Final

from msgspec import Struct

COLOURS: Final = ("#2f6f6a", "#c0752b", "#5a5f9e", "#9a3f5c", "#6b6b6b", "#3b7fb5")
_INK: Final = "#2a2a2a"
_GRID: Final = "#d9d9d9"
_WIDTH: Final = 960
_LABELS: Final = 400
"""The room for the names of the bars, in pixels; right of it stand the bars."""
_BAR: Final = 14
_TOP: Final = 70


class Bar(Struct, frozen=True):
    """What is shown of one thing: a value for each of the names."""

    title: str
    values: tuple[tuple[str, float | None], ...]


class Line(Struct, frozen=True):
    """A line through points."""

    title: str
    points: tuple[tuple[float, float], ...]


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{_INK}">'
        f"{escape(words)}</text>"
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{_GRID}"/>'


def _legend(names: Sequence[str], y: float) -> Iterator[str]:
    x = 20.0
    for name, colour in zip(names, _cycle(len(names)), strict=True):
        yield f'<rect x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, y, name)
        x += 40 + 8 * len(name)


def _cycle(number: int) -> list[str]:
    return [COLOURS[index % len(COLOURS)] for index in range(number)]


def _drawing(height: float, title: str, parts: Iterator[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}"',
            f'font-family="sans-serif" role="img" aria-label="{escape(title, quote=True)}">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            _text(20, 28, title, size=16),
            *parts,
            "</svg>\n",
        ]
    )


def bars(title: str, groups: Sequence[Bar]) -> str:
    """Draw groups of bars, one above the other. A value below one has no bar, only its number."""
    names = list(dict.fromkeys(name for group in groups for name, _ in group.values))
    known = [value for group in groups for _, value in group.values if value is not None]
    decades = max(1, ceil(log10(max([1.0, *known]) + 1e-9)))
    room = _WIDTH - _LABELS - 80
    rows = sum(len(group.values) for group in groups)
    bottom = _TOP + rows * _BAR + len(groups) * 12

    def place(value: float) -> float:
        return _LABELS + room * log10(max(1.0, value)) / decades

    def grid() -> Iterator[str]:
        for decade in range(decades + 1):
            for step in (1, 2, 5) if decade < decades else (1,):
                x = place(step * 10**decade)
                yield _rule(x, _TOP - 8, x, bottom)
                yield _text(x, bottom + 16, f"{step * 10**decade}", anchor="middle", size=11)

    def drawn() -> Iterator[str]:
        y = float(_TOP)
        colours = dict(zip(names, _cycle(len(names)), strict=True))
        for group in groups:
            middle = y + _BAR * len(group.values) / 2 + 4
            yield _text(_LABELS - 10, middle, group.title, anchor="end")
            for name, value in group.values:
                if value is not None:
                    width = place(value) - _LABELS
                    yield (
                        f'<rect x="{_LABELS}" y="{y + 1:.0f}" width="{width:.1f}" '
                        f'height="{_BAR - 2}" fill="{colours[name]}"/>'
                    )
                    yield _text(_LABELS + width + 5, y + _BAR - 3, f"{value:.1f}", size=11)
                y += _BAR
            y += 12

    return _drawing(bottom + 30, title, chain(_legend(names, 52), grid(), drawn()))


def lines(title: str, drawn: Sequence[Line], *, across: str, up: str) -> str:
    """Draw lines on a scale from zero."""
    points = [point for line in drawn for point in line.points]
    width = max([1.0, *(x for x, _ in points)])
    height = max([1.0, *(y for _, y in points)]) * 1.1
    left, right, bottom = 70.0, _WIDTH - 30.0, 400.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / width, bottom - (bottom - _TOP) * y / height

    def grid() -> Iterator[str]:
        for step in range(5):
            x, y = place(width * step / 4, height * step / 4)
            yield _rule(left, y, right, y)
            yield _text(left - 8, y + 4, f"{height * step / 4:.0f}", anchor="end", size=11)
            yield _text(x, bottom + 18, f"{width * step / 4:,.0f}", anchor="middle", size=11)
        yield _text((left + right) / 2, bottom + 38, across, anchor="middle")
        yield _text(left - 50, _TOP - 8, up, size=11)

    def paths() -> Iterator[str]:
        for line, colour in zip(drawn, _cycle(len(drawn)), strict=True):
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in line.points))
            yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'

    legend = _legend([line.title for line in drawn], 52)
    return _drawing(450, title, chain(legend, grid(), paths()))
