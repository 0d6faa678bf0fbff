"""What authors of providers test with; nothing of the product imports it."""

from dragoman.testing.conformance.case import NotOffered
from dragoman.testing.conformance.voice import Streamed, Voice
from dragoman.testing.grammar import check_grammar
from dragoman.testing.providers import ProviderContract, replaces_template
from dragoman.testing.upstream import Script, ScriptedUpstream, scripted_upstream

__all__ = [
    "NotOffered",
    "ProviderContract",
    "Script",
    "ScriptedUpstream",
    "Streamed",
    "Voice",
    "check_grammar",
    "replaces_template",
    "scripted_upstream",
]
