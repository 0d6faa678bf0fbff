"""The command line: what can be typed. What a command does is imported when it is used.

dragoman serve | check | models | providers | chat | export | import | backup
"""

# ruff: noqa: PLC0415 - help and completion must not wait for what commands need

import gc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import click

import dragoman

from .endings import ending_in_words

Command = TypeVar("Command", bound=Callable[..., None])

_FILE: Final = click.Path(path_type=Path)
_STYLE: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


def _common(command: Command) -> Command:
    """Add the options of every command: where the configuration is, and how an error is told."""
    for option in (
        click.option(
            "--traceback", is_flag=True, help="Show an error with its origin in the code."
        ),
        click.option("--env-file", type=_FILE, metavar="FILE", help="Variables [./.env]."),
        click.option("--config", type=_FILE, metavar="FILE", help="Settings [./dragoman.toml]."),
    ):
        command = option(command)
    return command


@click.group(context_settings=_STYLE)
@click.version_option(dragoman.__version__, prog_name="dragoman")
def main() -> None:
    """One list of models, every provider, one API.

    Without any configuration, a tiny model inside Dragoman answers. Put a key and a list of MODELS
    into ./.env for real ones; `dragoman check` tells what is still missing.
    """


@main.command()
@click.option("--host", metavar="HOST", help="The address to listen on [127.0.0.1].")
@click.option("--port", metavar="PORT", help="The port to listen on [8000]; 0 takes a free one.")
@click.option("--workers", metavar="N", help="How many processes answer [1].")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning, error or critical.")
@click.option("--open", "open_page", is_flag=True, help="Open the browser when it is ready.")
@click.option(
    "--insecure-no-auth",
    is_flag=True,
    default=None,
    help="Listen beyond this machine, although whoever reaches it can use your keys.",
)
@_common
@ending_in_words
def serve(
    *, open_page: bool, config: Path | None, env_file: Path | None, **flags: str | bool | None
) -> None:
    """Run the server."""
    # What the start makes, stays: a sixth of its time went into looking for rings of dead objects.
    gc.disable()
    try:
        from .configuration import Loader
        from .serve import serve as run

        run(Loader(flags, config=config, env_file=env_file), open_page=open_page)
    finally:
        gc.enable()


@main.command()
@click.option("--live", is_flag=True, help="Ask each vendor for its models, too; costs nothing.")
@_common
@ending_in_words
def check(*, live: bool, config: Path | None, env_file: Path | None) -> None:
    """Look for mistakes in the configuration, and say how to correct them."""
    from .check import check as run
    from .configuration import Loader

    run(Loader(config=config, env_file=env_file), live=live)


@main.command()
@_common
@ending_in_words
def doctor(*, config: Path | None, env_file: Path | None) -> None:
    """Look for everything that may be wrong: the same as `check --live`."""
    from .check import check as run
    from .configuration import Loader

    run(Loader(config=config, env_file=env_file), live=True)


@main.command()
@click.option("--discover", is_flag=True, help="Ask each vendor which models it has, instead.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@_common
@ending_in_words
def models(*, discover: bool, as_json: bool, config: Path | None, env_file: Path | None) -> None:
    """List the models that are configured."""
    from .configuration import Loader
    from .models import list_configured, list_offered

    load = Loader(config=config, env_file=env_file)
    (list_offered if discover else list_configured)(load, as_json=as_json)


@main.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@_common
@click.pass_context
def providers(
    context: click.Context,
    /,
    *,
    as_json: bool,
    config: Path | None,
    env_file: Path | None,
    traceback: bool,
) -> None:
    """List the providers there are, or test one."""
    if context.invoked_subcommand is None:
        ending_in_words(_list_providers)(
            as_json=as_json, config=config, env_file=env_file, traceback=traceback
        )


def _list_providers(*, as_json: bool, config: Path | None, env_file: Path | None) -> None:
    from .configuration import Loader
    from .providers import list_providers

    list_providers(Loader(config=config, env_file=env_file), as_json=as_json)


@providers.command("test")
@click.argument("target")
@click.option(
    "--wire",
    metavar="WIRE",
    help="The wire format: openai_chat, openai_responses, anthropic_messages or gemini.",
)
@click.option("--live", is_flag=True, help="Ask the provider at its address; a URL always is.")
@click.option("--model", metavar="MODEL", help="The model to ask for [the first that is listed].")
@click.option("--key-env", metavar="VARIABLE", help="The variable that holds the key for a URL.")
@click.option("--yes", is_flag=True, help="Do not ask before requests are sent.")
@click.option("--junit", type=_FILE, metavar="FILE", help="Write JUnit XML there.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write JSON there.")
@_common
@ending_in_words
def test_provider(  # noqa: PLR0913 - each is an option of its own
    *,
    target: str,
    wire: str | None,
    live: bool,
    model: str | None,
    key_env: str | None,
    yes: bool,
    junit: Path | None,
    json: Path | None,
    config: Path | None,
    env_file: Path | None,
) -> None:
    """Hold a provider to what it promises, and show what it can do.

    TARGET is a provider's id, or module:Class: it is asked at a scripted server on this machine,
    and nothing is sent to anybody. Or it is the URL of a server, which is asked a few small
    questions. The exit code is 1 if a promise is not kept.
    """
    from .configuration import Loader
    from .conformance import Wishes, test

    wishes = Wishes(
        wire=wire, live=live, model=model, key_env=key_env, yes=yes, junit=junit, json=json
    )
    test(Loader(config=config, env_file=env_file), target, wishes)


@main.command()
@click.argument("prompt", nargs=-1, metavar="[PROMPT]")
@click.option("-m", "--model", metavar="MODEL", help="Which model to ask, by its id.")
@click.option("-s", "--system", metavar="TEXT", help="What the model is told beforehand.")
@click.option("--url", metavar="URL", help="Ask the Dragoman that runs at this address.")
@_common
@ending_in_words
def chat(
    *,
    prompt: tuple[str, ...],
    model: str | None,
    system: str | None,
    url: str | None,
    config: Path | None,
    env_file: Path | None,
) -> None:
    """Ask a model: once with PROMPT, else in a conversation.

    What is piped in goes before PROMPT. Ctrl-C ends a reply, Ctrl-D the conversation.
    """
    from .chat import chat as run
    from .configuration import Loader
    from .conversation import Conversation

    run(
        prompt,
        Conversation(model=model, system=system),
        url=url,
        load=Loader(config=config, env_file=env_file),
    )


@main.command("export")
@click.argument("ids", nargs=-1, metavar="[CONVERSATION]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    help="json has everything [the default]; markdown the branch that is shown, to be read.",
)
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write there [to the terminal].")
@_common
@ending_in_words
def export_(
    *,
    ids: tuple[str, ...],
    form: str,
    output: Path | None,
    config: Path | None,
    env_file: Path | None,
) -> None:
    """Write conversations to a file: all of them, or those of the given ids.

    The server may run meanwhile.
    """
    from .configuration import Loader
    from .transfer import export as run

    run(Loader(config=config, env_file=env_file), ids, form=form, output=output)


@main.command("import")
@click.argument("file", type=click.File("rb"))
@_common
@ending_in_words
def import_(*, file: BinaryIO, config: Path | None, env_file: Path | None) -> None:
    """Read conversations from a FILE that `export` wrote (- is standard input).

    Those that are there already stay as they are. The server must not run meanwhile.
    """
    from .configuration import Loader
    from .transfer import bring_in as run

    run(Loader(config=config, env_file=env_file), file.read())


@main.command()
@click.argument("file", type=_FILE, metavar="[FILE]", required=False)
@_common
@ending_in_words
def backup(*, file: Path | None, config: Path | None, env_file: Path | None) -> None:
    """Copy the database, whole, to FILE [into the working folder].

    The server may run meanwhile.
    """
    from .configuration import Loader
    from .transfer import back_up as run

    run(Loader(config=config, env_file=env_file), file)
