"""Dragoman: one list of models, every provider, one API."""

__version__ = "0.1.0"
