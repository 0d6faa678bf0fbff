"""The page about the command line, against the command line."""

import re
from pathlib import Path

import pytest

from dragoman.cli import endings, main
from dragoman.cli.repl import HELP

PAGE = (Path(__file__).parents[4] / "docs" / "cli.md").read_text()
OPTIONS = [
    (name, option)
    for name, top in main.commands.items()
    for command in (top, *getattr(top, "commands", {}).values())
    for parameter in command.params
    if parameter.param_type_name == "option"
    for option in parameter.opts
]


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_explained(command, option):
    assert f"\n## {command}\n" in PAGE
    assert f"`{option}" in PAGE or f" {option}" in PAGE


def test_no_option_is_explained_that_is_none():
    explained = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert explained - {option for _, option in OPTIONS} == {"--help", "--version"}


def test_every_exit_code_is_explained():
    codes = {value for name, value in vars(endings).items() if name.isupper()}
    assert codes == {1, 2, 3, 4, 130}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)} == {0, *codes}


def test_every_command_of_a_conversation_is_explained():
    for word in re.findall(r"/[a-z]+", HELP):
        assert f"`{word}" in PAGE
