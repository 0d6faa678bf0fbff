"""Tests of the providers; each subclasses the template that plugin authors use as well."""

from dragoman.testing import ProviderContract, replaces_template

__all__ = ["ProviderContract", "replaces_template"]
