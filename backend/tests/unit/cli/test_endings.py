"""Every way a command can end has its words and its exit code."""

import click
import pytest
from click.testing import CliRunner, Result

from dragoman.chat import Category, InvalidInput, LLMServiceError
from dragoman.cli.binding import BindError
from dragoman.cli.conversation import NoAnswerError
from dragoman.cli.data_folder import DataFolderError
from dragoman.cli.endings import WrongUsageError, ending_in_words, leave
from dragoman.config import ConfigurationError


def ended_by(raised: BaseException | None, *arguments: str) -> Result:
    @click.command()
    @click.option("--traceback", is_flag=True)
    @ending_in_words
    def command() -> None:
        click.echo("begun")
        if raised is not None:
            raise raised

    return CliRunner().invoke(command, arguments)


def test_what_goes_well_ends_with_zero():
    result = ended_by(None)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "begun\n", "")


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (NoAnswerError("nobody answers"), 1),
        (LLMServiceError(Category.TIMEOUT, "nobody answers"), 1),
        (InvalidInput("model", "nobody answers"), 1),
        (WrongUsageError("write it otherwise"), 2),
        (ConfigurationError(["set the key"]), 2),
        (DataFolderError("the folder is locked"), 3),
        (BindError("the port is taken"), 4),
    ],
)
def test_an_error_is_one_line_and_its_own_exit_code(raised, code):
    result = ended_by(raised)
    assert result.exit_code == code
    assert result.stderr == f"dragoman: {raised}\n"


def test_every_mistake_of_a_configuration_has_its_line():
    result = ended_by(ConfigurationError(["A is blank: set A", "B is odd: correct B"]))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "dragoman: the configuration has 2 mistakes:",
        "  - A is blank: set A",
        "  - B is odd: correct B",
    ]


def test_our_own_mistake_is_called_so_and_shows_no_traceback_and_no_text_of_its_own():
    result = ended_by(KeyError("sk-canary-0123456789"))
    assert result.exit_code == 1
    assert "a mistake in Dragoman itself (KeyError)" in result.stderr
    assert "--traceback" in result.stderr
    assert "canary" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_developer_can_ask_for_the_traceback():
    raised = ConfigurationError(["set the key"])
    assert ended_by(raised, "--traceback").exception is raised


def test_ctrl_c_ends_quietly():
    result = ended_by(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "")


def test_a_reader_that_has_enough_is_no_error():
    result = ended_by(BrokenPipeError())
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_command_may_choose_its_exit_code():
    @click.command()
    @click.option("--traceback", is_flag=True)
    @ending_in_words
    def command() -> None:
        leave(7)

    assert CliRunner().invoke(command).exit_code == 7
    assert CliRunner().invoke(command, ["--traceback"]).exit_code == 7
