"""Both vendors as somebody else understands them: llmock behind `dragoman serve`."""

import asyncio
import json

import aiohttp
import pytest

from .asking import PROMPT, Asker, until
from .conftest import SCALED, environ_for, running_dragoman, scaled_command, watched
from .llmock import WINDOW, LLMock, running_llmock
from .processes import dragoman_command
from .vendors import BOTH_MODES, BOTH_VENDORS

ECHO = f"Hello! You said: {PROMPT}"
PATHS = {"gpt": "/v1/chat/completions", "claude": "/anthropic/v1/messages"}
VENDOR_IDS = {"gpt": "vendor-gpt", "claude": "vendor-claude"}


@pytest.fixture(scope="module")
def llmock(tmp_path_factory):
    with running_llmock(tmp_path_factory.mktemp("llmock")) as program:
        yield program


@pytest.fixture(scope="module")
def environ(llmock):
    return environ_for(f"{llmock.address}/v1", f"{llmock.address}/anthropic")


@pytest.fixture(scope="module")
def served(environ, tmp_path_factory):
    """Dragoman as a person starts it."""
    command = dragoman_command("serve", "--port", "0")
    folder = tmp_path_factory.mktemp("served")
    with running_dragoman(command, environ=environ, folder=folder) as program:
        yield program


@pytest.fixture(scope="module")
def impatient(environ, tmp_path_factory):
    """Dragoman with its limits of time scaled down."""
    folder = tmp_path_factory.mktemp("impatient")
    with running_dragoman(scaled_command(), environ=environ, folder=folder) as program:
        yield program


@pytest.fixture
async def mock(llmock):
    async with aiohttp.ClientSession(llmock.address) as session:
        controls = LLMock(session)
        await controls.reset()
        yield controls


@pytest.fixture
async def asker(served, mock):
    async with watched(served) as client:
        yield client


@pytest.fixture
async def hasty(impatient, mock):
    async with watched(impatient) as client:
        yield client


@BOTH_VENDORS
@BOTH_MODES
async def test_a_chat_has_its_words_its_model_and_its_usage(asker, mock, vendor, mode):
    answer = await asker.ask(vendor.model, mode)

    assert (answer.status, answer.text) == (200, ECHO)
    assert answer.last["model"] == vendor.model
    assert answer.last["stopReason"] == "stop"
    usage = answer.last["usage"]
    counts = (len(PROMPT) // 4, len(ECHO) // 4)
    assert (usage["inputTokens"], usage["outputTokens"]) == counts
    assert usage["totalTokens"] == sum(counts)


@BOTH_VENDORS
@BOTH_MODES
async def test_the_vendor_is_asked_once_in_its_own_words(asker, mock, vendor, mode):
    await asker.ask(vendor.model, mode)

    (asked,) = await mock.requests()
    assert (asked["method"], asked["path"]) == ("POST", PATHS[vendor.model])
    assert asked["model"] == VENDOR_IDS[vendor.model]
    assert asked["stream"] is (mode == "streamed")
    assert asked["completed"]
    assert [turn["role"] for turn in asked["body"]["messages"]] == ["user"]


async def test_a_streamed_chat_arrives_word_by_word(asker, mock):
    answer = await asker.ask("claude", "streamed")
    assert len(answer.events) > len(ECHO.split()) // 2


@BOTH_VENDORS
@BOTH_MODES
async def test_what_was_said_before_is_said_again_in_order(asker, mock, vendor, mode):
    history = [
        {"sender": "user", "text": "My name is Ada."},
        {"sender": "system", "text": "Hello Ada!"},
    ]
    answer = await asker.ask(vendor.model, mode, history=history)

    assert answer.text == f"Hello! You said: My name is Ada. Hello Ada! {PROMPT}"
    (asked,) = await mock.requests()
    told = [(turn["role"], said(turn["content"])) for turn in asked["body"]["messages"]]
    assert told == [("user", "My name is Ada."), ("assistant", "Hello Ada!"), ("user", PROMPT)]


def said(content) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@BOTH_VENDORS
@BOTH_MODES
async def test_every_script_comes_through_unharmed(asker, mock, vendor, mode):
    text = 'Grüße, 世界! 👩‍👩‍👧 \u2028 «ok» \\n "quoted"\n\tnew line </script>'
    await mock.script({"type": "reply", "text": text})
    assert (await asker.ask(vendor.model, mode)).text == text


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_an_answer_that_ends_early_says_why(asker, mock, vendor, mode, finish):
    await mock.script({"type": "reply", "text": "Good d", "finish_reason": finish})
    answer = await asker.ask(vendor.model, mode)
    assert (answer.status, answer.text) == (200, "Good d")
    assert answer.last["stopReason"] in {finish, "refusal"}


async def test_many_at_once_get_each_their_own_answer(asker, mock):
    questions = [f"question number {number}" for number in range(24)]
    answers = await asyncio.gather(
        *(
            asker.ask(model, mode, question)
            for question in questions
            for model, mode in (("gpt", "streamed"), ("claude", "whole"))
        )
    )
    expected = [f"Hello! You said: {question}" for question in questions for _ in range(2)]
    assert [answer.text for answer in answers] == expected
    assert len(await mock.requests()) == len(expected)


FAILURES = {
    400: (400, "LLM_ERROR", "upstream_bad_request"),
    401: (503, "AUTH_ERROR", "upstream_auth"),
    402: (503, "RATE_LIMIT", "quota_exhausted"),
    403: (503, "AUTH_ERROR", "upstream_forbidden"),
    404: (400, "LLM_ERROR", "upstream_not_found"),
    408: (504, "TIMEOUT", "upstream_timeout"),
    409: (503, "LLM_ERROR", "upstream_conflict"),
    413: (400, "LLM_ERROR", "upstream_too_large"),
    422: (400, "LLM_ERROR", "upstream_unprocessable"),
    429: (503, "RATE_LIMIT", "rate_limited"),
    500: (503, "LLM_ERROR", "upstream_5xx"),
    502: (503, "LLM_ERROR", "upstream_5xx"),
    529: (503, "LLM_ERROR", "upstream_overloaded"),
}


@BOTH_VENDORS
@BOTH_MODES
@pytest.mark.parametrize("status", FAILURES)
async def test_a_failure_has_its_status_code_and_reason(asker, mock, vendor, mode, status):
    await mock.script({"type": "fail", "status": status})
    answer = await asker.ask(vendor.model, mode)

    assert answer.outcome == FAILURES[status]
    assert answer.last["detail"]["model"] == vendor.model
    assert len(await mock.requests()) == 1
    assert (await asker.ask(vendor.model, mode)).text == ECHO


@BOTH_VENDORS
@BOTH_MODES
async def test_the_wait_after_a_429_is_kept_in_header_and_detail(asker, mock, vendor, mode):
    await mock.script({"type": "fail", "status": 429, "retry_after": 7})
    answer = await asker.ask(vendor.model, mode)

    assert answer.outcome == FAILURES[429]
    assert answer.headers["retry-after"] == "7"
    assert answer.last["detail"]["retryAfter"] == 7
    assert answer.last["detail"]["retryable"] is True
    assert "7 s" in answer.last["error"]


@BOTH_VENDORS
async def test_a_wait_below_a_second_is_told_to_the_millisecond(asker, mock, vendor):
    await mock.script({"type": "fail", "status": 529, "retry_after": 0.25})
    answer = await asker.ask(vendor.model, "whole")
    assert (answer.headers["retry-after"], answer.last["detail"]["retryAfter"]) == ("1", 0.25)


@BOTH_MODES
async def test_a_429_for_want_of_money_is_not_one_to_wait_for(asker, mock, mode):
    await mock.script({"type": "fail", "status": 429, "code": "insufficient_quota"})
    answer = await asker.ask("gpt", mode)
    assert answer.outcome == (503, "RATE_LIMIT", "quota_exhausted")
    assert answer.last["detail"]["retryable"] is False


@BOTH_VENDORS
@BOTH_MODES
async def test_a_conversation_beyond_the_window_is_the_callers_to_shorten(
    asker, mock, vendor, mode
):
    answer = await asker.ask(vendor.model, mode, "word " * WINDOW)
    assert answer.outcome == (400, "LLM_ERROR", "context_length")
    assert "shorten" in answer.last["error"]


async def chunks_of(asker: Asker, mock: LLMock, model: str) -> int:
    """Count the events of a good stream."""
    assert (await asker.ask(model, "streamed")).text == ECHO
    (asked,) = await mock.requests()
    return asked["chunks_sent"]


# Its mark and its usage may be missing; the finish reason may not. A message must say it stops.
DISPENSABLE = {"gpt": 2, "claude": 0}


@BOTH_VENDORS
async def test_a_stream_cut_short_at_any_event_is_complete_only_if_it_was(asker, mock, vendor):
    count = await chunks_of(asker, mock, vendor.model)
    enough = count - DISPENSABLE[vendor.model]
    for sent in range(count):
        await mock.script({"type": "stream_fault", "kind": "truncate", "after_chunks": sent})
        answer = await asker.ask(vendor.model, "streamed")
        if sent >= enough:
            assert (answer.text, answer.last["type"]) == (ECHO, "complete"), sent
        else:
            check_broken(answer, "CONNECTION_ERROR", "stream_interrupted", sent)


@BOTH_VENDORS
async def test_a_stream_that_breaks_at_any_event_is_never_complete(asker, mock, vendor):
    texts = []
    for sent in range(await chunks_of(asker, mock, vendor.model)):
        await mock.script({"type": "stream_fault", "kind": "disconnect", "after_chunks": sent})
        answer = await asker.ask(vendor.model, "streamed")
        check_broken(answer, "CONNECTION_ERROR", "stream_interrupted", sent)
        texts.append(answer.text)
    check_kept(texts)


@BOTH_VENDORS
async def test_a_stream_that_turns_to_nonsense_at_any_event_is_never_complete(asker, mock, vendor):
    count = await chunks_of(asker, mock, vendor.model)
    texts = []
    for sent in range(count - DISPENSABLE[vendor.model]):
        await mock.script({"type": "stream_fault", "kind": "malformed", "after_chunks": sent})
        answer = await asker.ask(vendor.model, "streamed")
        check_broken(answer, "LLM_ERROR", "bad_json", sent)
        texts.append(answer.text)
    check_kept(texts)


def check_kept(texts: list[str]) -> None:
    """What was said before a stream broke is kept, the more the later it broke."""
    assert texts == sorted(texts, key=len)
    assert (texts[0], texts[-1]) == ("", ECHO)
    assert len(set(texts)) > len(ECHO.split()) // 2


def check_broken(answer, code: str, reason: str, sent: int) -> None:
    """A stream that broke after so many events: a true status if none came, else a last error."""
    assert answer.outcome[1:] == (code, reason), sent
    assert answer.status == (200 if sent and answer.is_stream else 503)
    assert ECHO.startswith(answer.text)
    assert "complete" not in answer.body


@BOTH_VENDORS
async def test_a_stream_that_stalls_ends_and_keeps_what_was_said(hasty, mock, vendor):
    await mock.script({"type": "stream_fault", "kind": "stall", "after_chunks": 5})
    answer = await hasty.ask(vendor.model, "streamed")

    assert answer.outcome == (200, "TIMEOUT", "timeout_idle")
    assert answer.text
    assert ECHO.startswith(answer.text)
    (asked,) = await mock.requests()
    assert asked["stall_waited"] < 10, "of 30: the vendor was hung up on"


@BOTH_VENDORS
@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        ({"type": "stream_fault", "kind": "stall", "after_chunks": 0}, "timeout_first_token"),
        ({"type": "slow_first_token", "seconds": 10}, "timeout_first_token"),
        ({"type": "delay", "seconds": 10}, "timeout_first_byte"),
    ],
    ids=["stall", "slow first token", "delay"],
)
async def test_a_vendor_that_says_nothing_is_a_true_504(hasty, mock, vendor, behavior, reason):
    await mock.script(behavior)
    answer = await hasty.ask(vendor.model, "streamed")
    assert answer.outcome == (504, "TIMEOUT", reason)


@BOTH_VENDORS
async def test_a_whole_answer_that_does_not_come_is_a_504(hasty, mock, vendor):
    await mock.script({"type": "delay", "seconds": 10})
    answer = await hasty.ask(vendor.model, "whole")
    assert answer.outcome == (504, "TIMEOUT", "timeout_first_byte")


@BOTH_VENDORS
async def test_a_slow_start_within_the_limits_is_waited_for(hasty, mock, vendor):
    await mock.script({"type": "slow_first_token", "seconds": SCALED.first_token / 4})
    assert (await hasty.ask(vendor.model, "streamed")).text == ECHO


@BOTH_VENDORS
async def test_a_client_that_leaves_in_mid_stream_ends_the_vendors_work(
    served, asker, mock, vendor
):
    await mock.script({"type": "stream_fault", "kind": "stall", "after_chunks": 5})
    question = {"model": vendor.model, "message": PROMPT}
    headers = {"accept": "text/event-stream"}
    async with aiohttp.ClientSession(served.address) as client:
        came = await client.post("/api/v1/messages", json=question, headers=headers)
        await came.content.readuntil(b"\n\n")
        came.close()

    (asked,) = await mock.requests()
    assert not asked["completed"]
    assert asked["duration"] < 10, "of 30: the vendor was hung up on"


@BOTH_VENDORS
async def test_each_request_is_told_in_one_line_of_the_log(served, asker, mock, vendor):
    known = len(log_of(served))
    await asker.ask(vendor.model, "streamed")
    await mock.script({"type": "fail", "status": 429})
    await asker.ask(vendor.model, "whole")

    async def are_told() -> bool:  # a line comes after its answer
        return len(log_of(served)) > known + 1

    await until(are_told)
    good, bad = log_of(served)[known:]
    assert (good["status"], good["model"], good.get("reason")) == (200, vendor.model, None)
    assert good["route"] == "POST /api/v1/messages"
    assert (good["tokens_in"], good["tokens_out"]) == (len(PROMPT) // 4, len(ECHO) // 4)
    assert 0 < good["ms_first_token"] <= good["ms_total"]
    assert (bad["status"], bad["reason"]) == (503, "rate_limited")
    assert good["request_id"] != bad["request_id"]


def log_of(program) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in program.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "request"]


async def test_the_most_talkative_log_holds_no_key_and_no_prompt(environ, mock, tmp_path):
    command = dragoman_command("serve", "--port", "0", "--log-level", "debug")
    with running_dragoman(command, environ=environ | {"DEBUG": "1"}, folder=tmp_path) as talkative:
        async with watched(talkative) as asker:
            for model in PATHS:
                for mode in ("whole", "streamed"):
                    await asker.ask(model, mode)
                    await mock.script({"type": "fail", "status": 401, "message": PROMPT})
                    await asker.ask(model, mode)
