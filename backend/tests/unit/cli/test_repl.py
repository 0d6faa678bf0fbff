"""A conversation at the keyboard, keyboard and partner played by the test."""

from collections.abc import Callable

import pytest

from dragoman.chat import Stop, StopReason
from dragoman.cli.conversation import Conversation, NoAnswerError, Turn
from dragoman.cli.loop import LoopThread
from dragoman.cli.repl import Repl

from .partners import Scripted, saying, terminal


class Typed:
    """A keyboard on which these lines are typed; Ctrl-C is `KeyboardInterrupt`, the end Ctrl-D."""

    def __init__(self, *lines: str | type[KeyboardInterrupt], unfinished: bool = False) -> None:
        self._lines = list(lines)
        self.unfinished = unfinished
        self.prompts: list[str] = []

    def read_line(self, prompt: str) -> str:
        self.prompts.append(prompt)
        match self._lines.pop(0) if self._lines else EOFError:
            case str(line):
                return line
            case raised:
                raise raised


class Told:
    """What came of a conversation."""

    def __init__(self, partner: Scripted, keyboard: Typed, model: str | None = None) -> None:
        shown, out, err = terminal()
        with LoopThread() as loop:
            Repl(partner, loop, shown, keyboard).run(Conversation(model=model, system="Be kind"))
        self.out = out.getvalue()
        self.err = err.getvalue()


def test_every_line_is_asked_with_what_was_said_before():
    partner = Scripted(saying("Hello", " Ada"), saying("You are Ada"))
    told = Told(partner, Typed("I am Ada", "", "Who am I?"))
    assert told.out == "Hello Ada\nYou are Ada\n"
    assert [asked.turns for asked in partner.asked] == [
        (Turn("user", "I am Ada"),),
        (Turn("user", "I am Ada"), Turn("assistant", "Hello Ada"), Turn("user", "Who am I?")),
    ]
    assert {asked.system for asked in partner.asked} == {"Be kind"}


def test_the_model_is_introduced():
    assert Told(Scripted(), Typed()).err.startswith("Small (small, acme)")
    assert Told(Scripted(), Typed(), model="large").err.startswith("Large (large, acme)")


def test_an_unknown_model_ends_it_before_it_begins():
    with pytest.raises(NoAnswerError, match=r"no model 'lrge' \(did you mean 'large'\?\)"):
        Told(Scripted(), Typed(), model="lrge")


def test_an_error_is_one_line_and_the_question_is_forgotten():
    partner = Scripted([NoAnswerError("too many\nrequests: wait 7 s")], saying("Yes"))
    told = Told(partner, Typed("Hello?", "Hello again?"))
    assert "dragoman: too many requests: wait 7 s\n" in told.err
    assert told.out == "Yes\n"
    assert partner.asked[1].turns == (Turn("user", "Hello again?"),)


def test_an_error_in_the_middle_stands_on_a_line_of_its_own():
    told = Told(Scripted(["Half a", NoAnswerError("broke off")]), Typed("Hello?"))
    assert told.out == "Half a\n"
    assert "\ndragoman: broke off\n" in told.err


def test_a_reply_that_was_cut_off_is_said_to_be():
    told = Told(Scripted(["Half", Stop(StopReason.LENGTH)]), Typed("Hello?"))
    assert told.out == "Half\n"
    assert "cut off at its length limit" in told.err


def test_an_empty_reply_is_said_to_be():
    assert "(the reply is empty)" in Told(Scripted(saying("")), Typed("Hello?")).err


def test_models_are_listed_and_changed_in_the_conversation():
    partner = Scripted(saying("one"), saying("two"))
    told = Told(partner, Typed("a", "/model", "/model large", "b", "/model"))
    assert "* small  Small (acme)\n  large  Large (acme)\n" in told.err
    assert "  small  Small (acme)\n* large  Large (acme)\n" in told.err
    assert [asked.model for asked in partner.asked] == [None, "large"]
    assert len(partner.asked[1].turns) == 3


def test_a_wrong_model_changes_nothing():
    partner = Scripted(saying("one"))
    told = Told(partner, Typed("/model huge", "a"))
    assert "there is no model 'huge': there are small, large" in told.err
    assert partner.asked[0].model is None


def test_a_new_conversation_forgets_what_was_said_and_keeps_the_rest():
    partner = Scripted(saying("one"), saying("two"))
    Told(partner, Typed("/model large", "a", "/new", "b"))
    assert partner.asked[1] == Conversation("large", "Be kind", (Turn("user", "b"),))


def test_help_names_every_command():
    told = Told(Scripted(), Typed("/help"))
    assert all(
        word in told.err for word in ("/model", "/new", "/help", "/quit", "Ctrl-C", "Ctrl-D")
    )


@pytest.mark.parametrize("word", ["/quit", "/exit", "/quit "])
def test_one_can_leave(word):
    keyboard = Typed(word, "never asked")
    Told(Scripted(), keyboard)
    assert len(keyboard.prompts) == 1


def test_an_unknown_command_is_not_asked_but_a_path_is():
    partner = Scripted(saying("a file"))
    told = Told(partner, Typed("/hepl", "/etc/hosts is what?"))
    assert "there is no command /hepl (did you mean '/help'?)" in told.err
    assert [asked.turns[-1].text for asked in partner.asked] == ["/etc/hosts is what?"]


def test_a_line_can_go_on_in_the_next():
    partner = Scripted(saying("a poem"))
    keyboard = Typed("Roses are red,\\", "violets are blue\\", "…")
    Told(partner, keyboard)
    assert partner.asked[0].turns[0].text == "Roses are red,\nviolets are blue\n…"
    assert keyboard.prompts == ["> ", ". ", ". ", "> "]


def test_the_second_ctrl_c_at_the_prompt_leaves():
    keyboard = Typed(KeyboardInterrupt, KeyboardInterrupt, "never asked")
    told = Told(Scripted(), keyboard)
    assert "Ctrl-C once more leaves" in told.err
    assert len(keyboard.prompts) == 2


def test_ctrl_c_twice_does_not_leave_if_something_was_said_in_between():
    partner = Scripted(saying("yes"))
    Told(partner, Typed(KeyboardInterrupt, "still there?", KeyboardInterrupt))
    assert len(partner.asked) == 1


def test_ctrl_c_in_a_line_takes_back_the_line_however_often():
    keyboard = Typed(KeyboardInterrupt, KeyboardInterrupt, KeyboardInterrupt, unfinished=True)
    Told(Scripted(), keyboard)
    assert len(keyboard.prompts) == 4


def test_ctrl_c_ends_a_reply_and_keeps_what_came(ctrl_c_when: Callable[[Callable[[], bool]], None]):
    partner = Scripted(["Once upon", 60.0], saying("a time"))
    shown, out, err = terminal()
    ctrl_c_when(lambda: "Once upon" in out.getvalue())
    with LoopThread() as loop:
        Repl(partner, loop, shown, Typed("Tell", "Go on")).run(Conversation())
    assert partner.let_go
    assert out.getvalue() == "Once upon\na time\n"
    assert "(stopped; Ctrl-C once more leaves)" in err.getvalue()
    assert partner.asked[1].turns == (
        Turn("user", "Tell"),
        Turn("assistant", "Once upon"),
        Turn("user", "Go on"),
    )


def test_ctrl_c_after_a_stopped_reply_leaves(ctrl_c_when: Callable[[Callable[[], bool]], None]):
    partner = Scripted([60.0])
    keyboard = Typed("Tell", KeyboardInterrupt, "never asked")
    shown, _, _ = terminal()
    ctrl_c_when(lambda: bool(partner.asked))
    with LoopThread() as loop:
        Repl(partner, loop, shown, keyboard).run(Conversation())
    assert len(keyboard.prompts) == 2
