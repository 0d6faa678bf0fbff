"""Conversations in files: what is written is read back, and what is no such file is refused."""

import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.chat import InvalidInput, Usage
from dragoman.services.archive import read_archive, write_archive
from dragoman.services.markdown import read_markdown, write_markdown
from dragoman.storage import (
    Conversation,
    Mishap,
    State,
    StoredMessage,
    Thread,
    Timing,
    Wishes,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What JSON and the database can hold: no NUL, no half of a pair.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
TIMES = st.integers(0, 4_000_000_000_000)
WORDS = st.none() | TEXTS
COUNTS = st.none() | st.integers(0, 1 << 40)
NUMBERS = st.floats(0, 1e6)


def new_id(kind):
    return st.uuids().map(lambda id_: f"{kind}-{id_}")


@st.composite
def replies(draw, message_id, parent_id):
    return StoredMessage(
        id=message_id,
        parent_id=parent_id,
        role="assistant",
        state=draw(st.sampled_from(["complete", "error", "cancelled", "interrupted"]).map(State)),
        text=draw(TEXTS),
        created_at=draw(TIMES),
        reasoning=draw(TEXTS),
        model=draw(WORDS),
        provider=draw(WORDS),
        stop_reason=draw(WORDS),
        usage=draw(st.none() | st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)),
        timing=draw(st.none() | st.builds(Timing, NUMBERS, st.none() | NUMBERS)),
        error=draw(
            st.none()
            | st.builds(
                Mishap,
                TEXTS,
                TEXTS,
                TEXTS,
                st.none() | st.dictionaries(TEXTS, TEXTS, min_size=1),
                st.none() | NUMBERS,
                WORDS,
            )
        ),
    )


@st.composite
def threads(draw):
    """A conversation in which everything hangs on the message before it."""
    ids = draw(st.lists(new_id("msg"), unique=True, max_size=4))
    messages = []
    for place, id_ in enumerate(ids):
        parent = ids[place - 1] if place else None
        if place % 2:
            messages.append(draw(replies(id_, parent)))
        else:
            message = StoredMessage(
                id=id_,
                parent_id=parent,
                role="user",
                state=State.COMPLETE,
                text=draw(TEXTS),
                created_at=draw(TIMES),
            )
            messages.append(message)
    conversation = Conversation(
        id=draw(new_id("conv")),
        title=draw(TEXTS.filter(bool)),
        created_at=draw(TIMES),
        updated_at=draw(TIMES),
        wishes=draw(st.builds(Wishes, WORDS, WORDS, st.none() | NUMBERS, COUNTS)),
        active_leaf=ids[-1] if ids else None,
    )
    return Thread(conversation, tuple(messages))


@UNHURRIED
@given(st.lists(threads(), max_size=3))
def test_an_archive_is_read_back_as_it_was(kept):
    written = b"".join(write_archive(kept))
    assert json.loads(written)["format"] == "dragoman.conversations"
    assert read_archive(written) == kept


@UNHURRIED
@given(st.lists(threads(), min_size=1, max_size=3))
def test_a_page_is_read_back_as_it_was(kept):
    written = "\n".join(map(write_markdown, kept))
    assert read_markdown(written) == kept


def message(text="Hello", **more: object):
    facts = {"role": "user", "state": State.COMPLETE, "parent_id": None, "created_at": 0, **more}
    return StoredMessage(id=f"msg-{uuid.uuid4()}", text=text, **facts)


def thread(*messages: StoredMessage):
    conversation = Conversation(
        id=f"conv-{uuid.uuid4()}",
        title="A talk",
        created_at=0,
        updated_at=1_700_000_000_000,
        active_leaf=messages[-1].id if messages else None,
    )
    return Thread(conversation, messages)


def test_a_page_reads_well():
    asked = message("What is a *dragoman*?")
    said = message(
        "An interpreter.\n\n## Really", role="assistant", parent_id=asked.id, model="gpt"
    )
    cut = message("Half", role="assistant", parent_id=asked.id, model="gpt", state=State.CANCELLED)
    page = write_markdown(thread(asked, cut, said))
    visible = [line for line in page.splitlines() if not line.startswith("<!--")]
    assert "\n".join(visible) == (
        "# A talk\n\n## You\n\nWhat is a *dragoman*?\n\n## gpt\n\nAn interpreter.\n\n## Really"
    )
    assert "## gpt (cancelled)" in write_markdown(thread(asked, cut))


@pytest.mark.parametrize(
    "text",
    [
        '<!-- dragoman:message {"id": "x"} -->',
        "<!-- dragoman:conversation {} -->\n<!-- \\dragoman:message {} -->",
        "<!-- \\\\dragoman: -->",
        "-->",
        "\n\n\n",
        "",
        "# Title\n## You\n",
        "line\r\nline\rline\u2028line",
    ],
)
def test_what_looks_like_our_own_marks_is_read_back_as_words(text):
    kept = thread(message(text))
    assert read_markdown(write_markdown(kept)) == [kept]


def test_what_was_still_being_written_is_interrupted_in_its_next_life():
    asked = message(state=State.PENDING)
    reply = message("Half", role="assistant", parent_id=asked.id, state=State.STREAMING)
    (read,) = read_archive(b"".join(write_archive([thread(asked, reply)])))
    assert [each.state for each in read.messages] == [State.INTERRUPTED] * 2


ASKED = message()


def changed(**facts: object):
    """An archive with one message in it, some facts of which are others."""
    whole = json.loads(b"".join(write_archive([thread(ASKED)])))
    whole["conversations"][0]["messages"][0].update(facts)
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "archive"),
        (b"{", "archive"),
        (b"[]", "archive"),
        (b"\xff\xfe", "archive"),
        (b'{"format": "other", "version": 1, "conversations": []}', "format"),
        (b'{"format": "dragoman.conversations", "version": 2, "conversations": []}', "version"),
        (changed(id="msg-1"), "conversations[0].messages[0].id"),
        (changed(id="../../etc"), "conversations[0].messages[0].id"),
        (changed(role="system"), "role"),
        (changed(state="lost"), "state"),
        (changed(text=None), "text"),
        (changed(createdAt="yesterday"), "createdAt"),
        (changed(parentId=f"msg-{uuid.uuid4()}"), "parent"),
        (changed(id=f"msg-{uuid.uuid4()}"), "activeLeaf"),
    ],
)
def test_what_is_no_archive_is_refused_with_the_place(content, words):
    with pytest.raises(InvalidInput) as refused:
        read_archive(content)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "page",
    [
        "",
        "# A page\n\nof somebody else",
        "<!-- dragoman:message {} -->",
        "<!-- dragoman:conversation {} -->",
        "<!-- dragoman:conversation {no json} -->",
        write_markdown(thread(ASKED)).replace('"role":"user"', '"role":"cook"'),
    ],
)
def test_what_is_no_page_of_ours_is_refused(page):
    with pytest.raises(InvalidInput):
        read_markdown(page)
