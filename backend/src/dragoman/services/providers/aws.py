"""Amazon's credentials and signatures, by Amazon's own library, which is loaded on first need.

Without a bearer key, each request is signed (Signature Version 4) with credentials from wherever
Amazon's tools look for them: variables, the shared files, roles of containers and machines.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dragoman.chat import Actor, Category, LLMAuthenticationError
from dragoman.observability.secrets import Secret
from dragoman.services.providers.error_messages import quote
from dragoman.services.providers.signing import Sent, Signature

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_MACHINE: Final = "AWS_EC2_METADATA_DISABLED"
KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SIGNS: Final = (
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    # Said outright that it is not disabled: the role of the machine is meant.
    _MACHINE,
)
"""The variables that tell of credentials elsewhere than in `KEYS`."""

_FILES: Final = {
    "AWS_CONFIG_FILE": "config_file",
    "AWS_SHARED_CREDENTIALS_FILE": "credentials_file",
}
_OWN: Final = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})


def has_credentials(environ: Mapping[str, str]) -> bool:
    """Tell whether `environ` speaks of credentials; looks for none."""
    if all(environ.get(name) for name in KEYS):
        return True
    return any(environ.get(name, "").lower() not in ("", "true") for name in SIGNS)


class AwsCredentials:
    """Credentials, found once and refreshed before they end; all of it outside the event loop."""

    def __init__(self, environ: Mapping[str, str], *, cure: str) -> None:
        self._environ = environ
        self._cure = cure
        self._lock = threading.Lock()
        self._found: Credentials | None = None

    async def sign(self, sent: Sent, *, service: str, region: str) -> Signature:
        """Sign a request. Raises `LLMAuthenticationError` that says what is missing."""
        return await asyncio.to_thread(self._sign, sent, service, region)

    async def close(self) -> None:
        """Forget them."""
        self._found = None

    def _sign(self, sent: Sent, service: str, region: str) -> Signature:
        try:
            from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra, loaded on first need
            from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as above
        except ImportError as error:
            raise _missing(f"requests are signed by botocore: {self._cure}") from error
        try:
            frozen = self._credentials().get_frozen_credentials()
            # What else is sent may change on its way.
            named = {"content-type": sent.headers.get("content-type", "application/json")}
            request = AWSRequest(sent.method, sent.url, headers=named, data=sent.body)
            SigV4Auth(frozen, service, region).add_auth(request)
        except BotoCoreError as error:
            raise _missing(quote(str(error))) from error
        headers = {name.lower(): value for name, value in request.headers.items()}
        secrets = (frozen.secret_key, frozen.token, headers["authorization"])
        return Signature(
            {name: value for name, value in headers.items() if name in _OWN},
            tuple(Secret(secret) for secret in secrets if secret),
        )

    def _credentials(self) -> "Credentials":
        with self._lock:
            if self._found is None:
                self._found = self._look()
            return self._found

    def _look(self) -> "Credentials":
        from botocore.credentials import Credentials  # noqa: PLC0415 - an extra
        from botocore.session import Session  # noqa: PLC0415 - an extra

        # It tells everything at this level, session tokens too.
        logging.getLogger("botocore").setLevel(logging.INFO)
        key, secret = (self._environ.get(name, "") for name in KEYS)
        if key and secret:
            return Credentials(key, secret, self._environ.get("AWS_SESSION_TOKEN") or None)
        session = Session(profile=self._environ.get("AWS_PROFILE") or None)
        for variable, setting in _FILES.items():
            if self._environ.get(variable):
                session.set_config_variable(setting, self._environ[variable])
        if self._environ.get(_MACHINE, "").lower() == "true":
            # It would ask the machine's network for its role, and wait for an answer.
            session.get_component("credential_provider").remove("iam-role")
        found = session.get_credentials()
        if found is None:
            raise _missing(f"no credentials were found: set {' and '.join(KEYS)}, or AWS_PROFILE")
        return found


def _missing(what: str) -> LLMAuthenticationError:
    message = f"a request could not be signed: {what}"
    return LLMAuthenticationError(Category.AUTHENTICATION, message, actor=Actor.OPERATOR)
