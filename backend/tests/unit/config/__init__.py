"""Tests of the configuration; `folder.py` is the world they share."""
