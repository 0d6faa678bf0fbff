"""What configuration and the providers tell each other: four frozen values."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace


class ModelEntry(Struct, frozen=True):
    """A model people can choose.

    `id` is ours and unique; `upstream_id` is the vendor's name where that differs. Windows and
    ceilings are in tokens. `wire` is the wire format to ask for it in, by name. `efforts` are the
    words of reasoning effort that it takes, from the least; none at all: it thinks by a budget.
    What is not among its `capabilities` it cannot do, unless it is told what it `lacks`: then that
    alone. `None` means that nothing was said.
    """

    id: str
    name: str
    description: str
    provider: str
    default: bool = False
    upstream_id: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: tuple[str, ...] | None = None
    api_version: str | None = None
    wire: str | None = None
    efforts: tuple[str, ...] | None = None
    lacks: tuple[str, ...] | None = None

    @property
    def vendor_id(self) -> str:
        """The name under which the vendor knows this model."""
        return self.upstream_id or self.id


class ProviderFacts(Struct, frozen=True):
    """What configuration must know of a provider to read a list of models.

    `key_env` is the variable of its key (`None`: it needs none), `models_env` the variable of its
    legacy list. `wants` are the variables without which it is not `enabled`. `default_models` are
    offered when there is a key and no list at all. `wires` are the names of the wire formats it can
    be asked in; empty if there is no choice.
    """

    key_env: str | None
    models_env: str | None
    enabled: bool
    name: str
    default_models: tuple[ModelEntry, ...] = ()
    wires: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()


class DisabledProvider(Struct, frozen=True):
    """A provider whose models are left out; setting `variable` (if it wants one) enables it.

    It is the variable of what the provider `lacks`, a key or an address.
    """

    provider: str
    variable: str | None
    models: int
    lacks: str = "key"

    @property
    def message(self) -> str:
        """One line for the operator: what is left out, and which variable brings it back."""
        left_out = f"{self.models} model{'' if self.models == 1 else 's'} left out"
        if self.variable is None:
            return f"provider {self.provider!r} is not available here: {left_out}"
        return f"provider {self.provider!r} has no {self.lacks}: set {self.variable} ({left_out})"


class ModelConfiguration(Struct, frozen=True):
    """The models that can be used: only enabled ones, exactly one default if there is any.

    `source` says where the list came from: `MODELS`, `dragoman.toml`, `legacy` (the lists of the
    single providers), `defaults` (of the providers that have a key) or `none`. `left_out` are the
    models that are listed and whose provider is among the `disabled`; none of them is the default.
    """

    models: tuple[ModelEntry, ...]
    default: ModelEntry | None
    disabled: tuple[DisabledProvider, ...] = ()
    warnings: tuple[str, ...] = ()
    source: str = "none"
    left_out: tuple[ModelEntry, ...] = ()

    @property
    def listed(self) -> tuple[ModelEntry, ...]:
        """Every model there is, first those that can be used."""
        return (*self.models, *self.left_out)

    def each(self, change: Callable[[ModelEntry], ModelEntry]) -> "ModelConfiguration":
        """Give the same with every entry changed; which can be used stays as it is."""
        return replace(
            self,
            models=tuple(change(entry) for entry in self.models),
            default=None if self.default is None else change(self.default),
            left_out=tuple(change(entry) for entry in self.left_out),
        )
