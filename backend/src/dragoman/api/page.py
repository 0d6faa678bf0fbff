"""The page: its files, served from memory, and the policy under which a browser runs it.

    /                    index.html, asked about every time
    /assets/<hashed>     kept by browsers for a year: what changes gets another name
    (anything else)      to the page, whoever goes there in a browser; not found, for programs

A request's path is only ever looked up among the names that were there at the start, so no path
leads to another file.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request, Response
from msgspec import Struct
from starlette.exceptions import HTTPException

import dragoman
from dragoman.api.errors import Receive, Scope, Send
from dragoman.api.negotiation import best_coding

FOLDER: Final = Path(dragoman.__file__).parent / "_web"
"""Where the build of the page leaves it, in a checkout as in a wheel."""

# Nothing inline, no foreign origin, no text that becomes a script; `vue` is the policy by which Vue
# sets its own constant markup.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types vue"
)

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_CODINGS: Final = {".br": "br", ".gz": "gzip"}
"""What the build may have packed a file into, by the suffix it leaves it under."""

_INDEX: Final = "/index.html"
_HASHED: Final = "/assets/"
_FOREVER: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"

# Below these, nobody looks for the page: a mistyped address of the API is not found.
_NOT_PAGES: Final = ("/api/", "/assets/", "/docs/", "/v1/", "/v1beta/")
_READING: Final = ("GET", "HEAD")

_NOTICE_STYLE: Final = (
    "body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; "
    "padding: 0 1rem }"
)
# The notice stands alone, so its style is inline: this one, and no other.
_NOTICE_POLICY: Final = _POLICY.replace(
    "style-src 'self'",
    f"style-src 'sha256-{b64encode(sha256(_NOTICE_STYLE.encode()).digest()).decode()}'",
)
_NOTICE: Final = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Dragoman: no page yet</title>
<link rel="icon" href="data:,">
<style>{_NOTICE_STYLE}</style>
</head>
<body>
<main>
<h1>The page is not built</h1>
<p>This Dragoman answers, but its page was not built where it was installed.</p>
<p>In a checkout, <code>make page</code> builds it; then start the server again.
Otherwise install Dragoman again where the npm registry can be reached.</p>
<p>Everything else works without it: <a href="./docs">the API and how to try it</a>,
and <code>dragoman chat</code> in a terminal.</p>
</main>
</body>
</html>
"""


class Asset(Struct, frozen=True):
    """A file of the page, as it is and as it was packed, by the name of the coding."""

    media_type: str
    cache: str
    etag: str
    codings: Mapping[str, bytes]


def is_built(folder: Path = FOLDER) -> bool:
    """Tell whether there is a page to serve."""
    return (folder / "index.html").is_file()


def mount_page(app: FastAPI, folder: Path = FOLDER) -> None:
    """Have `app` show the page in `folder` wherever none of its routes has an answer.

    Without one, it shows how to build it.
    """
    app.router.default = Page(folder)


class Page:
    """Serves the files that are in `folder` now; what is built later needs a new start."""

    def __init__(self, folder: Path) -> None:
        assets = _load(folder) if is_built(folder) else {}
        self._index = assets.pop(_INDEX, None)
        self._assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises `HTTPException` for what is not here."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        asset = self._assets.get(path)
        is_page = path in ("/", _INDEX)
        if asset is None and not is_page and not _is_lost(path, request):
            raise HTTPException(404)
        if request.method not in _READING:
            raise HTTPException(405, headers={"allow": ", ".join(_READING)})
        if asset is not None:
            return _deliver(asset, request)
        return self._show(request) if is_page else _lead_home(path)

    def _show(self, request: Request) -> Response:
        if self._index is None:
            # To a program, a page that is missing is not a success.
            response = Response(_NOTICE, status_code=503, media_type="text/html")
            response.headers["cache-control"] = _REVALIDATE
            response.headers["content-security-policy"] = _NOTICE_POLICY
        else:
            response = _deliver(self._index, request)
            response.headers["content-security-policy"] = _POLICY
        return response


def _is_lost(path: str, request: Request) -> bool:
    """Tell whether a person looks for the page where it is not.

    A browser that goes to an address says that it wants HTML; what a page loads does not.
    """
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and not path.startswith(_NOT_PAGES) and "//" not in path


def _lead_home(path: str) -> Response:
    """Send a browser to the page, by a way that is right below any path a proxy may add."""
    home = "../" * (path.count("/") - 1) or "./"
    return Response(status_code=302, headers={"location": home, "cache-control": _REVALIDATE})


def _load(folder: Path) -> dict[str, Asset]:
    """Read every file by the path it is asked for under; hidden ones are not."""
    names = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    packed = {name for name in names if name.endswith(tuple(_CODINGS))}
    return {f"/{name}": _read(folder, name, names) for name in names - packed}


def _read(folder: Path, name: str, names: set[str]) -> Asset:
    content = (folder / name).read_bytes()
    packed = {
        coding: (folder / f"{name}{suffix}").read_bytes()
        for suffix, coding in _CODINGS.items()
        if f"{name}{suffix}" in names
    }
    return Asset(
        media_type=_MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
        cache=_FOREVER if f"/{name}".startswith(_HASHED) else _REVALIDATE,
        etag=sha256(content).hexdigest()[:32],
        codings={**packed, "identity": content},
    )


def _deliver(asset: Asset, request: Request) -> Response:
    """Answer with a file, in the coding the client likes best.

    A wish for a part of it (`Range`) is not heard: the files are small, and RFC 9110 lets a server
    answer with the whole.
    """
    wishes = request.headers.getlist("accept-encoding")
    coding = best_coding(",".join(wishes) if wishes else None, asset.codings)
    etag = f'"{asset.etag}-{coding}"'
    headers = {
        "cache-control": asset.cache,
        "etag": etag,
        "vary": "accept-encoding",
        "accept-ranges": "none",
        "cross-origin-resource-policy": "same-origin",
    }
    if _is_known(etag, ",".join(request.headers.getlist("if-none-match"))):
        return Response(status_code=304, headers=headers)
    if coding != "identity":
        headers["content-encoding"] = coding
    # Not as Starlette's `media_type`, which adds a charset of its own.
    headers["content-type"] = asset.media_type
    return Response(asset.codings[coding], headers=headers)


def _is_known(etag: str, condition: str) -> bool:
    """Tell whether `If-None-Match` names a tag, by the weak comparison of RFC 9110."""
    named = [tag.strip().removeprefix("W/") for tag in condition.split(",")]
    return etag in named or "*" in named
