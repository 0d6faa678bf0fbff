"""Configuration: what the operator said, checked whole before anything runs.

flags ─▶ process environment ─▶ .env ─▶ dragoman.toml      the first that says it counts
                      │
          load_configuration ─▶ Configuration               settings, variables, own providers
                      │  + the providers' facts
    load_model_configuration ─▶ ModelConfiguration          the models that can be used
"""

from .environment import Environment
from .errors import ConfigurationError
from .models import (
    DisabledProvider,
    ModelConfiguration,
    ModelEntry,
    ProviderFacts,
    load_model_configuration,
    load_unified_models,
    models_variable,
)
from .secrets import CleanedKey, clean_key
from .settings import SETTINGS, Configuration, ProviderRow, Setting, Settings, load_configuration
from .sources import FileSeen
from .watch import ConfigurationStatus, ConfigurationWatcher

__all__ = [
    "SETTINGS",
    "CleanedKey",
    "Configuration",
    "ConfigurationError",
    "ConfigurationStatus",
    "ConfigurationWatcher",
    "DisabledProvider",
    "Environment",
    "FileSeen",
    "ModelConfiguration",
    "ModelEntry",
    "ProviderFacts",
    "ProviderRow",
    "Setting",
    "Settings",
    "clean_key",
    "load_configuration",
    "load_model_configuration",
    "load_unified_models",
    "models_variable",
]
