"""From a model's id to whom to ask: the models as they are set up at this moment."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from dragoman.chat import InvalidInput
from dragoman.config.facts import ModelConfiguration, ModelEntry
from dragoman.services.providers import (
    Background,
    BaseProvider,
    ChatModel,
    ProviderConfig,
    ProviderRegistry,
    Runtime,
)
from dragoman.services.providers.model_facts import described


class Elsewhere(BaseException):
    """Another process has what is needed to answer; nothing was done yet.

    Nothing on the way may take it for a failure of the request.
    """


class Candidate(Struct, frozen=True, dict=True):
    """A model that may answer, the provider to ask for it, and the world it is asked in."""

    model: ModelEntry
    provider: BaseProvider
    runtime: Runtime

    @cached_property
    def config(self) -> ProviderConfig:
        """The provider as it is set up in that world."""
        return self.provider.get_config(self.runtime.environ)

    @cached_property
    def runs_beside(self) -> bool:
        """Whether the provider runs something beside the server, as an engine."""
        return isinstance(self.provider, Background)

    @cached_property
    def llm(self) -> ChatModel:
        """The model, ready to be asked. Raises what its making does."""
        return self.provider.create_llm(self.model, self.runtime)


class Setup(Struct, frozen=True, dict=True):
    """Everything a request depends on, as one value: a reload replaces it, and edits nothing.

    `unlisted` lets requests name models that nobody listed, as `provider/model`. With
    `engines_elsewhere`, another process has whatever runs beside a server.
    """

    models: ModelConfiguration
    registry: ProviderRegistry
    runtime: Runtime
    unlisted: bool = False
    engines_elsewhere: bool = False

    def candidates(self, model_id: str | None) -> Sequence[Candidate]:
        """Give whom to ask for `model_id` (`None`: the default model), the best first.

        Raises `InvalidInput` that lists the known ids when there is no such model, and `Elsewhere`.
        """
        if model_id is None and self.models.default is not None:
            model_id = self.models.default.id
        candidate = self._listed.get(model_id or "")
        if candidate is None:
            candidate = self._candidate_of(model_id)
        if self.engines_elsewhere and candidate.runs_beside:
            raise Elsewhere
        return (candidate,)

    def _candidate_of(self, model_id: str | None) -> Candidate:
        """Give whom to ask for a model that is not listed."""
        unlisted = self._unlisted(model_id or "")
        if unlisted is not None and self.unlisted:
            return self._candidate(unlisted)
        raise InvalidInput("model", self._why_not(model_id, unlisted), reason="unknown_model")

    @cached_property
    def _listed(self) -> dict[str, Candidate]:
        return {entry.id: self._candidate(entry) for entry in reversed(self.models.models)}

    def _candidate(self, entry: ModelEntry) -> Candidate:
        return Candidate(entry, self.registry.get(entry.provider), self.runtime)

    def _unlisted(self, model_id: str) -> ModelEntry | None:
        """Read `provider/model`; `None` where that names no provider that can be asked."""
        provider, _, vendors = model_id.partition("/")
        if not vendors or provider not in self.registry:
            return None
        if not self.registry.get(provider).get_config(self.runtime.environ).enabled:
            return None
        return described(ModelEntry(model_id, vendors, "", provider, upstream_id=vendors))

    def _why_not(self, model_id: str | None, unlisted: ModelEntry | None) -> str:
        known = ", ".join(entry.id for entry in self.models.models)
        if unlisted is not None:
            return (
                f"model {model_id!r} is not listed, and models that are not may not be asked here "
                f"(the setting allow_unlisted_models would let them); there are: {known}"
            )
        for entry in self.models.left_out:
            if entry.id == model_id:
                provider = self.registry.get(entry.provider)
                wanted = " and ".join(provider.get_config(self.runtime.environ).wants)
                return f"model {model_id!r} is listed, but {wanted} is not set; there are: {known}"
        return f"there is no model {model_id!r} here; there are: {known}"
