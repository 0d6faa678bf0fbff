"""Google's credentials, by Google's own library, which is loaded on first need.

They come from the file that `GOOGLE_APPLICATION_CREDENTIALS` names, or from wherever Google's tools
look: a login by `gcloud auth application-default login`, the account of the machine. The token that
they give is kept until it is about to end.
"""

import asyncio
import threading
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dragoman.chat import Actor, Category, LLMAuthenticationError, LLMConnectionError
from dragoman.observability.secrets import Secret
from dragoman.services.providers.error_messages import quote
from dragoman.services.providers.signing import Sent, Signature

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_CURE: Final = f"name a service account's file in {FILE}, or log in with gcloud"


class GoogleCredentials:
    """Credentials, found once; a token, fetched outside the event loop, kept while it is good."""

    def __init__(self, environ: Mapping[str, str], *, cure: str) -> None:
        self._file = environ.get(FILE)
        self._cure = cure
        self._lock = threading.Lock()
        self._found: Credentials | None = None

    async def sign(self, sent: Sent) -> Signature:  # noqa: ARG002 - one token is good for all
        """Give the headers of a token. Raises `LLMServiceError` that says what is missing."""
        found = self._found
        if found is None or not found.valid:
            found = await asyncio.to_thread(self._fresh)
        headers: dict[str, str] = {}
        found.apply(headers)
        named = {name.lower(): value for name, value in headers.items()}
        return Signature(named, (Secret(str(found.token)),))

    async def close(self) -> None:
        """Forget them."""
        self._found = None

    def _fresh(self) -> "Credentials":
        try:
            from google.auth.exceptions import (  # noqa: PLC0415 - an extra, loaded on first need
                GoogleAuthError,
                TransportError,
            )
            from google.auth.transport.requests import Request  # noqa: PLC0415 - as above
        except ImportError as error:
            raise _refused(f"its tokens are fetched by google-auth: {self._cure}") from error
        try:
            with self._lock:
                found = self._found or self._look()
                if not found.valid:
                    found.refresh(Request())
                self._found = found
                return found
        except TransportError as error:
            raise LLMConnectionError(
                Category.CONNECTION,
                f"Google gave no token: {quote(str(error))}",
                retryable=True,
                actor=Actor.WAIT,
            ) from error
        except (GoogleAuthError, OSError, ValueError) as error:
            raise _refused(f"{quote(str(error))} ({_CURE})") from error

    def _look(self) -> "Credentials":
        import google.auth  # noqa: PLC0415 - an extra

        found: Credentials
        with warnings.catch_warnings():
            # It warns of files from strangers, and of accounts without a project for quotas.
            warnings.simplefilter("ignore")
            if self._file:
                found, _ = google.auth.load_credentials_from_file(self._file, scopes=_SCOPES)
            else:
                found, _ = google.auth.default(scopes=_SCOPES)
        return found


def _refused(what: str) -> LLMAuthenticationError:
    message = f"Google gave no token: {what}"
    return LLMAuthenticationError(Category.AUTHENTICATION, message, actor=Actor.OPERATOR)
