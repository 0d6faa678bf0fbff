"""Columns of text, as wide as what stands in them."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Lay rows of equally many cells out in columns, two spaces apart; empty for no rows."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(f"{indent}{line}".rstrip() for line in lines)
