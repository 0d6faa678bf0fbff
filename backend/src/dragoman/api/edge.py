"""How the server is set up: every option that bears on what comes in and what is given away."""

import uvicorn

from dragoman.api.protocol import EdgeLimits, edge_protocol
from dragoman.api.server import App


def server_config(
    app: App, *, limits: EdgeLimits | None = None, log_level: str | None = None, drain: int = 30
) -> uvicorn.Config:
    """Make the options to run `app` with; replies may take `drain` seconds more at the end.

    No header says what the server is. What a proxy may have written about a request is not
    believed (`X-Forwarded-For`, `X-Forwarded-Proto`), and there are no WebSockets.
    """
    return uvicorn.Config(
        app,
        http=edge_protocol(limits or EdgeLimits()),
        ws="none",
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level=log_level,
        timeout_graceful_shutdown=drain,
    )
