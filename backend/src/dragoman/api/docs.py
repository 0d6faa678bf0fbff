"""`/docs`: the API to read and to try, on a page that loads nothing from anywhere else."""

import json
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse

# Nothing inline and nothing foreign: what a description of the API might smuggle in stays inert.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Swagger UI's own two files, unchanged; they change with a release of ours at most.
_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_CACHED: Final = {"cache-control": "max-age=3600"}

# Addresses are relative, so that the page works behind a proxy that gives it another path.
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

# Without `validatorUrl: null`, it would ask a public service what it thinks of our description.
_START: Final = """\
SwaggerUIBundle({{
  dom_id: "#swagger-ui",
  url: {url},
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
}});
"""


def mount_docs(app: FastAPI) -> None:
    """Add the page and its files to `app`; they do not stand in its schema themselves."""
    url = (app.openapi_url or "/openapi.json").removeprefix("/")
    page = _PAGE.format(title=escape(app.title))
    start = _START.format(url=json.dumps(url))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page, headers={"content-security-policy": _POLICY})

    @app.get("/docs/start.js", include_in_schema=False)
    async def begin() -> Response:
        return Response(start, media_type="text/javascript", headers=_CACHED)

    for name, media_type in _ASSETS.items():
        _serve(app, name, media_type)


def _serve(app: FastAPI, name: str, media_type: str) -> None:
    @app.get(f"/docs/{name}", include_in_schema=False)
    async def asset() -> Response:
        return FileResponse(_folder() / name, media_type=media_type, headers=_CACHED)


@cache
def _folder() -> Path:
    """Find the files of Swagger UI in the package that carries them; its code is not run."""
    spec = find_spec("fastapi_swagger")
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise RuntimeError("the package fastapi-swagger is not installed: install dragoman anew")
    return Path(places[0]) / "resources"
