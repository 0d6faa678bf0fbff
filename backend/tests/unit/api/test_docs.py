import re

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from dragoman.api.docs import mount_docs


async def get(path: str, headers: dict[str, str] | None = None, **options: str) -> Response:
    app = FastAPI(title="A <title> & more", docs_url=None, redoc_url=None, **options)
    mount_docs(app)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://localhost") as client:
        return await client.get(path, headers=headers)


async def test_the_page_names_no_foreign_origin_and_has_nothing_inline():
    page = (await get("/docs")).text

    assert "//" not in page.replace("<!doctype html>", "")
    assert all(not body.strip() for body in re.findall(r"<script[^>]*>(.*?)</script>", page))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert "A &lt;title&gt; &amp; more" in page


async def test_the_policy_lets_the_page_load_from_its_own_server_alone():
    policy = (await get("/docs")).headers["content-security-policy"]

    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"https?:|\*", policy)


async def test_every_file_the_page_names_is_served():
    page = (await get("/docs")).text
    named = re.findall(r'(?:src|href)="(docs/[^"]+)"', page)

    answers = {name: await get(f"/{name}") for name in named}

    assert sorted(answers) == ["docs/start.js", "docs/swagger-ui-bundle.js", "docs/swagger-ui.css"]
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        named, 200
    )
    kinds = [answers[name].headers["content-type"].partition(";")[0] for name in sorted(named)]
    assert kinds == ["text/javascript", "text/javascript", "text/css"]
    assert "SwaggerUIBundle" in answers["docs/swagger-ui-bundle.js"].text


@pytest.mark.parametrize("url", ["/openapi.json", "/api/schema.json"])
async def test_the_description_is_loaded_from_where_it_is(url: str):
    start = (await get("/docs/start.js", openapi_url=url)).text

    assert f'url: "{url[1:]}"' in start
    assert "validatorUrl: null" in start


async def test_the_page_does_not_describe_itself():
    assert (await get("/openapi.json")).json()["paths"] == {}


async def test_no_other_file_of_the_package_can_be_reached():
    for path in ("/docs/__init__.py", "/docs/..%2fmain.py", "/docs/favicon-32x32.png"):
        assert (await get(path)).status_code == 404


@pytest.mark.parametrize(
    "ranges",
    ["0-," * 3_999 + "0-", ",".join(f"{place}-" for place in range(3_000))],
    ids=["the same range", "overlapping ranges"],
)
async def test_a_file_is_not_sent_many_times_over(ranges: str):
    whole = await get("/docs/swagger-ui-bundle.js")
    parts = await get("/docs/swagger-ui-bundle.js", {"range": f"bytes={ranges}"})

    assert parts.status_code in {200, 416}
    assert len(parts.content) <= len(whole.content)
