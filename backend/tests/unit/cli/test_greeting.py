"""What a server says when it is ready."""

import dragoman
from dragoman.cli.greeting import MOST, greeting, program
from dragoman.composition import Composition
from dragoman.config import ModelConfiguration, ModelEntry
from dragoman.services.providers import registry
from dragoman.services.providers.local import TOY

ADDRESS = "http://127.0.0.1:8000"


def composed(*entries: ModelEntry) -> Composition:
    return Composition(ModelConfiguration(entries, entries[0], source="MODELS"), registry, ())


def model(number: int) -> ModelEntry:
    return ModelEntry(f"m{number}", f"Model {number}", "", "openai", default=number == 0)


def test_it_names_the_address_the_version_and_what_to_try():
    text = greeting(ADDRESS, composed(model(0)), program="dragoman")
    assert f"Dragoman {dragoman.__version__} is ready at {ADDRESS} " in text
    assert f"{ADDRESS}/docs" in text
    assert f"curl -N {ADDRESS}/api/v1/messages" in text
    assert f"dragoman chat --url {ADDRESS}\n" in text


def test_the_page_is_offered_first_or_it_is_said_that_there_is_none():
    with_page, without = (
        greeting(ADDRESS, composed(model(0)), program="dragoman", has_page=built).split("\n\n")[1]
        for built in (True, False)
    )
    assert with_page.splitlines()[0].endswith(f" {ADDRESS}")
    assert without.splitlines()[0].endswith(f" the page is not built yet: {ADDRESS} says how")


def test_models_stand_below_each_other_the_default_marked():
    text = greeting(ADDRESS, composed(model(0), model(1)), program="dragoman")
    lines = text.splitlines()
    first = next(line for line in lines if "m0" in line)
    second = next(line for line in lines if "m1" in line)
    assert first.endswith("* m0  Model 0, from OpenAI")
    assert second.endswith("  m1  Model 1, from OpenAI")
    assert first.index("m0") == second.index("m1")


def test_of_many_models_the_rest_is_counted():
    text = greeting(ADDRESS, composed(*map(model, range(MOST + 5))), program="dragoman")
    assert "and 5 more: dragoman models" in text
    assert f"m{MOST} " not in text


def test_the_toy_is_called_a_toy_and_the_way_to_more_is_shown():
    text = greeting(ADDRESS, composed(TOY), program="dragoman")
    assert "toy" in text
    assert "put a key and a list of MODELS into\n.env" in text
    assert "a toy" not in greeting(ADDRESS, composed(model(0)), program="dragoman")


def test_the_program_is_called_as_it_was_started(tmp_path):
    script = tmp_path / "bin" / "some-dragoman"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert program(str(script), cwd=tmp_path) == "bin/some-dragoman"
    assert program(str(script), cwd=tmp_path / "elsewhere") == str(script)
    assert program("/x/dragoman/__main__.py", cwd=tmp_path) == "python -m dragoman"


def test_a_program_on_the_path_is_called_by_its_name(tmp_path, monkeypatch):
    script = tmp_path / "some-dragoman"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program(str(script), cwd=tmp_path) == "some-dragoman"
