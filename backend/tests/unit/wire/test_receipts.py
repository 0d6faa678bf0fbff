"""Receipts in the making: what a translation tells about its changes."""

from dragoman.chat import Extras, Receipt
from dragoman.wire.receipts import Receipts


def test_receipts_are_told_in_the_order_of_the_changes():
    receipts = Receipts("one")

    receipts.emulated("output", "as nearly as it can be said")
    receipts.dropped("seed", "no word for it")
    receipts.renamed("id", "other letters")

    assert receipts.written() == (
        Receipt("output", "emulated", "as nearly as it can be said"),
        Receipt("seed", "dropped", "no word for it"),
        Receipt("id", "renamed", "other letters"),
    )


def test_another_wires_fields_are_told_unless_they_say_nothing():
    receipts = Receipts("one")
    fields = {"store": True, "stream": False, "user": None, "tools": [], "text": "", "more": {}}

    receipts.left_behind(Extras("other", fields))
    receipts.left_behind(Extras("other", {"name": "n"}), "messages[0]")

    assert receipts.written() == (
        Receipt("store", "dropped", "only other can say it"),
        Receipt("messages[0].name", "dropped", "only other can say it"),
    )


def test_a_wish_for_what_is_so_anyway_is_missed_by_nobody():
    receipts = Receipts("one")

    receipts.left_behind(Extras("other", {"truncation": "disabled", "service_tier": "auto"}))
    receipts.left_behind(Extras("other", {"summary": "auto"}), "reasoning")
    receipts.left_behind(Extras("other", {"truncation": "auto", "service_tier": "flex"}))
    receipts.left_behind(Extras("other", {"truncation": "disabled"}), "tools[0]")

    assert [one.field for one in receipts.written()] == [
        "truncation",
        "service_tier",
        "tools[0].truncation",
    ]


def test_a_wires_own_fields_are_not_left_behind():
    receipts = Receipts("one")

    receipts.left_behind(Extras("one", {"store": True}))
    receipts.left_behind(None)

    assert receipts.written() == ()
