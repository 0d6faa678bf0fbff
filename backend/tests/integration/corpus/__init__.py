"""Recorded truth: what vendors really sent, held against what we make of it."""
