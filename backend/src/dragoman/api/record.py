"""What the log says of one request: filled in on the way, written once at its end."""

import time

from dragoman.chat import Usage


class Record:
    """The facts of one request, times in milliseconds; none ever holds a prompt or a key."""

    __slots__ = (
        "_begun",
        "fault",
        "first_token",
        "model",
        "provider",
        "reason",
        "request_id",
        "route",
        "status",
        "usage",
    )

    def __init__(self, request_id: str, route: str = "") -> None:
        self.request_id = request_id
        self.route = route
        self.model: str | None = None
        self.provider: str | None = None
        self.status: int | None = None
        self.reason: str | None = None
        self.fault: Exception | None = None
        self.usage: Usage | None = None
        self.first_token: float | None = None
        self._begun = time.monotonic()

    def token_came(self) -> None:
        """Note the time of the first token; later calls change nothing."""
        if self.first_token is None:
            self.first_token = time.monotonic()

    def fail(self, reason: str, *, fault: Exception | None = None) -> None:
        """Note why the request did not succeed; `fault` is an error of ours, to be traced."""
        self.reason = reason
        self.fault = fault

    def fields(self) -> dict[str, object]:
        """Give the line's fields; what is unknown is left out."""
        first = self.first_token
        usage = self.usage or Usage()
        known = {
            "request_id": self.request_id,
            "route": self.route,
            "model": self.model,
            "provider": self.provider,
            "status": self.status,
            "reason": self.reason,
            "ms_total": _milliseconds(time.monotonic() - self._begun),
            "ms_first_token": None if first is None else _milliseconds(first - self._begun),
            "tokens_in": usage.input,
            "tokens_out": usage.output,
            "usage_source": None if self.usage is None else "reported",
        }
        return {name: value for name, value in known.items() if value is not None}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
