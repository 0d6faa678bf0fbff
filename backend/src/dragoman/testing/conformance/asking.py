"""Cases about what a provider sends."""

from typing import Final

from dragoman.chat import DragomanError
from dragoman.testing.conformance.bench import KEY, Bench
from dragoman.testing.conformance.case import (
    Case,
    NotOffered,
    case,
    cases_in,
    require,
    require_equal,
)
from dragoman.testing.conformance.questions import (
    BREST,
    BY_SCHEMA,
    CORK,
    GOOD_DAY,
    ONE_CALL,
    OUR_MODEL,
    PIXEL,
    SAID,
    SYSTEM,
    TIDE,
    VENDOR_MODEL,
    WITH_IMAGE,
    WITH_REASONING,
    WITH_RESULTS,
    WITH_SCHEMA,
    WITH_SETTINGS,
    WITH_SYSTEM,
    WITH_TOOLS,
)
from dragoman.testing.conformance.voice import ReadsRequests
from dragoman.testing.upstream import Script


@case("request.is_posted_to_its_path")
async def path(bench: Bench) -> None:
    """A request is posted to the path of its wire."""
    request = (await bench.ask(bench.whole(GOOD_DAY))).request
    require_equal(request.method, "POST", "the method")
    if bench.path is not None:
        require_equal(request.path, bench.path, "the path")


@case("request.is_sent_once")
async def sent_once(bench: Bench) -> None:
    """A failure is told at once: whether to ask again is for others to say."""
    for status in (500, 503, 429):
        heard = await bench.ask(_failing(status))
        require(heard.error is not None, f"saw a good reply to a {status}")
        require_equal(len(heard.sent), 1, f"requests sent where the first meets a {status}")


@case("request.headers_are_sent")
async def headers(bench: Bench) -> None:
    """A request says that it is JSON, and carries the headers of its provider and its version."""
    request = (await bench.ask(bench.whole(GOOD_DAY))).request
    media = request.headers.get("content-type", "").partition(";")[0]
    require_equal(media, "application/json", "the header content-type")
    if bench.row is None:
        return
    wanted = {name.lower(): value for name, value in bench.row.headers.items()}
    version = bench.model.api_version or bench.row.api_version
    if bench.row.api_version_header and version:
        wanted[bench.row.api_version_header] = version
    for name, value in wanted.items():
        require_equal(request.headers.get(name), value, f"the header {name}")


@case("key.is_in_its_header")
async def key_header(bench: Bench) -> None:
    """The key is sent in the header that the provider names."""
    request = (await bench.ask(bench.whole(GOOD_DAY))).request
    if bench.provider.get_config({}).api_key_env is None:
        raise NotOffered("it needs no key")
    if bench.row is None:
        require(any(KEY in value for value in request.headers.values()), "no header has the key")
        return
    name, before = bench.row.key_header
    require_equal(request.headers.get(name), before + KEY, f"the header {name}")


@case("key.is_nowhere_else_in_a_request")
async def key_nowhere_else(bench: Bench) -> None:
    """The key is in one header of a request, and not in its address or its body."""
    request = (await bench.ask(bench.whole(GOOD_DAY), WITH_SETTINGS)).request
    require(KEY not in request.path, "the key is in the address, which proxies log")
    require(KEY.encode() not in request.body, "the key is in the body")
    named = [name for name, value in request.headers.items() if KEY in value]
    require(len(named) <= 1, f"the key is in several headers: {', '.join(named)}")


@case("model.is_the_vendors_name")
async def model_name(bench: Bench) -> None:
    """The vendor is asked for the model by its own name for it, not by ours."""
    request = (await bench.ask(bench.whole(GOOD_DAY))).request
    said = f"{request.path} {request.body.decode('utf-8', 'replace')}"
    require(VENDOR_MODEL in said, f"{VENDOR_MODEL!r} is neither in the address nor in the body")
    require(OUR_MODEL not in said, f"the vendor hears {OUR_MODEL!r}, which is our name for it")


@case("request.says_the_conversation")
async def conversation(bench: Bench) -> None:
    """All that was said is sent, in its order."""
    body = (await bench.ask(bench.whole(GOOD_DAY))).request.body.decode("utf-8", "replace")
    places = [body.find(said) for said in SAID]
    for said, place in zip(SAID, places, strict=True):
        require(place >= 0, f"{said!r} was said, and is not sent")
    require_equal(places, sorted(places), "the places of what was said")


@case("request.says_whether_to_stream")
async def mode(bench: Bench) -> None:
    """The vendor is told whether to stream."""
    whole = (await bench.ask(bench.whole(GOOD_DAY))).request
    streamed = (await bench.ask(bench.stream(GOOD_DAY), stream=True)).request
    differs = (whole.path, whole.body) != (streamed.path, streamed.body)
    accepts = whole.headers.get("accept") != streamed.headers.get("accept")
    require(differs or accepts, "both requests are the same")


@case("request.is_valid")
async def valid(bench: Bench) -> None:
    """A strict server of its wire takes its requests, the plain one and the richest."""
    wire = bench.row.wire_for(WITH_RESULTS, bench.model) if bench.row else None
    if not isinstance(wire, ReadsRequests):
        raise NotOffered("nobody here reads its requests")
    for request in (WITH_SYSTEM, WITH_RESULTS, WITH_SETTINGS, WITH_IMAGE):
        heard = await bench.ask(bench.whole(GOOD_DAY), request)
        if not heard.sent:
            continue  # refused beforehand, which a case of its own tells of
        try:
            wire.read_request(heard.request.body)
        except DragomanError as error:
            require(kept=False, complaint=f"a strict server refuses it: {error}")


@case("system.is_sent")
async def system(bench: Bench) -> None:
    """What the model is told beforehand is sent, or its loss is told of."""
    await bench.ask_for("system", WITH_SYSTEM, [SYSTEM], GOOD_DAY)


@case("settings.are_sent")
async def settings(bench: Bench) -> None:
    """Limit, temperature and stop words are sent, or their loss is told of."""
    await bench.ask_for("settings", WITH_SETTINGS, ["4077", "0.625", "AVAST"], GOOD_DAY)


@case("tools.are_sent")
async def tools(bench: Bench) -> None:
    """A tool's name, description and parameters are sent, or their loss is told of."""
    words = [TIDE.name, TIDE.description or "", "harbour", "Name of the quay"]
    await bench.ask_for("tools", WITH_TOOLS, words, ONE_CALL)


@case("tool_results.are_sent")
async def tool_results(bench: Bench) -> None:
    """Calls go back with their arguments, and the results to the calls that they belong to."""
    words = ["Brest", "Cork", "at ten past four", "at half past six"]
    heard = await bench.ask_for("tool results", WITH_RESULTS, words, GOOD_DAY)
    said = heard.request.body.decode("utf-8", "replace")
    for call in (BREST, CORK):
        require(said.count(call.id) != 1, f"the id {call.id!r} is in the call or the result only")


@case("images.are_sent")
async def images(bench: Bench) -> None:
    """A picture is sent, or refused."""
    await bench.ask_for("images", WITH_IMAGE, [PIXEL], GOOD_DAY)


@case("schema.is_sent")
async def schema(bench: Bench) -> None:
    """The schema of an answer is sent, or refused; the answer arrives."""
    heard = await bench.ask_for("schema", WITH_SCHEMA, ["fathoms"], BY_SCHEMA)
    require_equal(heard.answer.text, BY_SCHEMA.text, "the answer")


@case("reasoning.wish_is_sent")
async def reasoning(bench: Bench) -> None:
    """How much to think is sent, or its loss is told of."""
    plain = await bench.ask(bench.whole(GOOD_DAY))
    heard = await bench.ask_for("reasoning", WITH_REASONING, [], GOOD_DAY)
    told = [receipt for receipt in heard.answer.receipts if receipt.field.startswith("reasoning")]
    require(
        plain.request.body != heard.request.body or bool(told),
        "an effort was asked, is not sent, and nobody is told",
    )
    if told and plain.request.body == heard.request.body:
        raise NotOffered(f"{told[0].field} is {told[0].action}: {told[0].reason}")


def _failing(status: int) -> Script:
    return Script(status, {"content-type": "application/json"}, (b"{}",))


CASES: Final[tuple[Case[Bench], ...]] = cases_in(globals(), Case)
