"""The page's files and addresses, and the policy it is sent under."""

import gzip
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from dragoman.api.fastapi_errors import speak_one_language
from dragoman.api.page import is_built, mount_page
from dragoman.api.relay import Meter
from dragoman.api.server import App, Boundary

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
INDEX = """<!doctype html><title>Page</title>
<link rel="stylesheet" href="./assets/page-1a.css">
<script type="module" src="./assets/page-2b.js"></script>
"""
SCRIPT = "console.log('here')\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page as its build leaves it."""
    web = tmp_path / "_web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text(INDEX)
    (web / "index.html.gz").write_bytes(gzip.compress(INDEX.encode()))
    (web / "icon.svg").write_text("<svg/>")
    (web / ".source").write_text("0" * 64)
    (web / "assets" / "page-1a.css").write_text("body {}")
    (web / "assets" / "page-2b.js").write_text(SCRIPT)
    (web / "assets" / "page-2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (web / "assets" / "font.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret.txt").write_text("secret")
    return web


def app(folder: Path) -> App:
    api = FastAPI(docs_url=None, redoc_url=None)

    @api.get("/api/v1/models")
    async def models() -> list[str]:
        return ["m"]

    mount_page(api, folder)
    speak_one_language(api)

    def explain(error: Exception):
        raise error

    return Boundary(api, explain=explain, meter=Meter())


async def ask(
    folder: Path, path: str, *, method: str = "GET", accept: str = HTML, **headers: str
) -> Response:
    sent = {"accept": accept, "accept-encoding": "identity"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    transport = ASGITransport(app=app(folder))
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, headers=sent)


async def test_the_page_is_asked_about_every_time_and_sent_when_it_changed(folder: Path):
    first = await ask(folder, "/")
    tag = first.headers["etag"]
    again = await ask(folder, "/", if_none_match=tag)
    (folder / "index.html").write_text(INDEX.replace("Page", "Other"))
    changed = await ask(folder, "/", if_none_match=tag)

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    policies = [answer.headers["content-security-policy"] for answer in (first, again)]
    assert policies[0] == policies[1]
    assert changed.status_code == 200


async def test_the_policy_allows_this_server_and_nothing_inline(folder: Path):
    answer = await ask(folder, "/")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )

    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "vue",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/index.html"])
async def test_the_page_is_at_the_root(folder: Path, path: str):
    answer = await ask(folder, path, accept="*/*")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'src="./assets/page-2b.js"' in answer.text


@pytest.mark.parametrize(
    ("path", "home"), [("/settings", "./"), ("/c/conv-1", "../"), ("/a/b/", "../../")]
)
async def test_who_goes_elsewhere_in_a_browser_is_led_to_the_page(
    folder: Path, path: str, home: str
):
    answer = await ask(folder, path)

    assert answer.status_code == 302
    assert answer.headers["location"] == home


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api/v1/nothing", HTML),
        ("/docs/nothing", HTML),
        ("/assets/gone-0c.js", HTML),
        ("/c/conv-1", "*/*"),
        ("/favicon.ico", "image/avif,image/webp,*/*;q=0.8"),
        ("/c//evil.example", HTML),
        ("/.source", "*/*"),
        ("/assets/page-2b.js.gz", "*/*"),
        ("/assets/..%2findex.html", "*/*"),
        ("/assets/%2e%2e/%2e%2e/secret.txt", HTML),
        ("/..%2fsecret.txt", "*/*"),
        ("/assets/..%5c..%5csecret.txt", HTML),
        ("/%00", "*/*"),
    ],
)
async def test_what_is_not_there_is_not_found_in_the_words_of_the_api(
    folder: Path, path: str, accept: str
):
    answer = await ask(folder, path, accept=accept)

    assert answer.status_code == 404
    assert answer.json()["code"] == "INVALID_REQUEST"
    assert "secret" not in answer.json()["error"].replace("secret.txt", "")


async def test_below_a_vendors_routes_what_is_not_there_is_told_in_the_vendors_words(folder: Path):
    answer = await ask(folder, "/v1/nothing", accept=HTML)

    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_the_routes_of_the_api_come_first(folder: Path):
    assert (await ask(folder, "/api/v1/models")).json() == ["m"]
    assert (await ask(folder, "/api/v1/models", method="DELETE")).status_code == 405


async def test_nothing_but_reading_is_possible(folder: Path):
    answers = [await ask(folder, path, method="POST") for path in ("/", "/assets/page-2b.js")]

    assert [answer.status_code for answer in answers] == [405, 405]
    assert [answer.headers["allow"] for answer in answers] == ["GET, HEAD"] * 2


async def test_a_hashed_file_is_kept_for_a_year_and_others_are_asked_about(folder: Path):
    script, icon = await ask(folder, "/assets/page-2b.js"), await ask(folder, "/icon.svg")

    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert icon.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/assets/page-2b.js", "text/javascript; charset=utf-8"),
        ("/assets/page-1a.css", "text/css; charset=utf-8"),
        ("/assets/font.woff2", "font/woff2"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
async def test_a_file_says_what_it_is(folder: Path, path: str, media_type: str):
    assert (await ask(folder, path)).headers["content-type"] == media_type


async def test_a_packed_file_goes_to_whoever_takes_it(folder: Path):
    packed = await ask(folder, "/assets/page-2b.js", accept_encoding="gzip, br")
    plain = await ask(folder, "/assets/page-2b.js")
    never_packed = await ask(folder, "/assets/page-1a.css", accept_encoding="gzip, br")

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT)
    assert packed.text == plain.text == SCRIPT
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in never_packed.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"]


async def test_a_file_that_is_known_already_is_not_sent_again(folder: Path):
    tag = (await ask(folder, "/icon.svg")).headers["etag"]

    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await ask(folder, "/icon.svg", if_none_match=condition)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert (await ask(folder, "/icon.svg", if_none_match='"other"')).status_code == 200


async def test_a_changed_file_has_another_tag(folder: Path):
    before = (await ask(folder, "/icon.svg")).headers["etag"]
    (folder / "icon.svg").write_text("<svg></svg>")

    assert (await ask(folder, "/icon.svg")).headers["etag"] != before


async def test_a_wish_for_parts_is_answered_with_the_whole(folder: Path):
    parts = "bytes=" + ",".join(["0-"] * 10_000)

    answer = await ask(folder, "/assets/page-2b.js", range=parts)

    assert (answer.status_code, answer.text) == (200, SCRIPT)
    assert answer.headers["accept-ranges"] == "none"


async def test_without_a_build_the_page_says_how_to_get_one_and_the_api_works(tmp_path: Path):
    answer = await ask(tmp_path, "/")

    assert not is_built(tmp_path)
    assert answer.status_code == 503
    assert "make page" in answer.text
    (style,) = re.findall("<style>(.*)</style>", answer.text)
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}';" in answer.headers["content-security-policy"]
    assert (await ask(tmp_path, "/api/v1/models")).json() == ["m"]
    assert (await ask(tmp_path, "/assets/page-2b.js")).status_code == 404


async def test_a_folder_with_files_but_no_page_serves_none_of_them(tmp_path: Path):
    (tmp_path / "half.js").write_text("1")

    assert (await ask(tmp_path, "/half.js", accept="*/*")).status_code == 404
