"""The kit finds what is broken, each fault under its own name."""

import pytest

from dragoman.services.providers import HttpProvider, OpenAIProvider
from dragoman.testing.conformance.suite import CASES, bench_of, examine
from tests.support import broken

FAULTS = [
    (broken.KeyInTheWrongHeader(), "key.is_in_its_header"),
    (broken.KeyInTheAddress(), "key.is_nowhere_else_in_a_request"),
    (broken.TellsTheKeyInErrors(), "key.is_in_no_error"),
    (broken.ForgetsContentType(), "request.headers_are_sent"),
    (broken.RetriesByItself(), "request.is_sent_once"),
    (broken.AlwaysStreams(), "request.says_whether_to_stream"),
    (broken.InventsAField(), "request.is_valid"),
    (broken.SendsOurNameOfTheModel(), "model.is_the_vendors_name"),
    (broken.SwallowsTheSystemText(), "system.is_sent"),
    (broken.ForgetsTheTools(), "tools.are_sent"),
    (broken.DropsToolCalls(), "tools.call_arrives_whole"),
    (broken.DropsToolCalls(), "parallel_tools.arrive_whole"),
    (broken.SendsNoPictures(), "images.are_sent"),
    (broken.ForgetsTheSchema(), "schema.is_sent"),
    (broken.LosesUsage(), "usage.arrives_whole"),
    (broken.ForgetsToAskForUsage(), "usage.arrives_streamed"),
    (broken.CallsEveryEndAStop(), "stop.length_is_told"),
    (broken.TakesACutStreamForWhole(), "stream.cut.is_interrupted"),
    (broken.TakesACutStreamForWhole(), "stream.early_end.is_interrupted"),
    (broken.HoldsTheStreamBack(), "stream.comes_as_it_is_said"),
    (broken.NeverCancels(), "cancel.ends_the_call"),
    (broken.CallsALimitABadRequest(), "error.429.is_rate_limit"),
    (broken.LosesRetryAfter(), "error.429.keeps_retry_after"),
]


def provider_of(fault: object) -> HttpProvider:
    return fault if isinstance(fault, HttpProvider) else OpenAIProvider(wire=fault)


@pytest.mark.parametrize(
    ("fault", "name"), FAULTS, ids=[f"{type(fault).__name__}-{name}" for fault, name in FAULTS]
)
async def test_a_fault_fails_the_case_that_is_named_after_it(fault, name):
    (case,) = [case for case in CASES if case.name == name]

    outcome = await case.judge(bench_of(provider_of(fault)))

    assert outcome.verdict == "fail"
    assert outcome.detail


async def test_the_faults_of_one_provider_are_told_one_by_one():
    outcomes = (await examine(bench_of(broken.BrokenInManyWays()))).outcomes

    failed = {outcome.name for outcome in outcomes if outcome.verdict == "fail"}
    assert failed >= {
        "cancel.ends_the_call",
        "error.429.is_rate_limit",
        "images.are_sent",
        "key.is_in_its_header",
        "key.is_in_no_error",
        "model.is_the_vendors_name",
        "parallel_tools.arrive_whole",
        "schema.is_sent",
        "stream.cut.is_interrupted",
        "stream.early_end.is_interrupted",
        "system.is_sent",
        "tools.call_arrives_whole",
        "usage.arrives_streamed",
    }
    passed = {outcome.name for outcome in outcomes if outcome.verdict == "pass"}
    assert passed >= {
        "plain.arrives",
        "stream.arrives",
        "tools.are_sent",
        "error.401.is_authentication",
    }


async def test_a_sound_provider_fails_in_nothing():
    outcomes = (await examine(bench_of(OpenAIProvider()))).outcomes

    assert [outcome for outcome in outcomes if outcome.verdict != "pass"] == []


def test_names_are_given_once_and_say_what_is_promised():
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.promise.endswith(".") for case in CASES)
