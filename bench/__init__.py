"""Measures what Dragoman costs, beside nginx on the same work (docs/performance.md)."""
