"""Token counts that cannot be true are not counted, and not lost."""

from dragoman.wire.anthropic_messages.usage import read_usage as read_messages_usage
from dragoman.wire.openai_chat.usage import read_usage as read_chat_usage


def test_less_than_nothing_is_unknown_in_chat_completions():
    usage = read_chat_usage({"prompt_tokens": -3, "completion_tokens": 2, "total_tokens": -1})
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (None, 2, None)
    assert usage.extras is not None
    assert usage.extras.fields["prompt_tokens"] == -3


def test_less_than_nothing_is_unknown_in_messages():
    usage = read_messages_usage({"input_tokens": -3, "output_tokens": 2})
    assert (usage.input, usage.output) == (None, 2)
    assert usage.extras is not None
    assert usage.extras.fields == {"input_tokens": -3}
