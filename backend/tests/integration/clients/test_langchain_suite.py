"""LangChain's standard tests for integrations, all of them, against a model that does as asked."""

import asyncio
import shutil
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from .acting import act
from .asking import OF_EVERY_WIRE
from .environments import PROGRAMS, find_environment, variables_for
from .turns import playing

_FEWEST = 35
"""How many of its tests have to run; the rest fetch something from elsewhere."""


@OF_EVERY_WIRE
@pytest.mark.parametrize("door", ["chat", "responses"])
async def test_the_standard_tests_of_langchain_pass(
    dragoman, upstream, tmp_path, record_property, door, model
):
    environment = find_environment("langchain")
    shutil.copy(PROGRAMS / "langchain_suite.py", tmp_path / "test_suite.py")
    report = tmp_path / "report.xml"
    upstream.play(playing(act))
    other = "claude" if model != "claude" else "gpt"
    named = {"DRAGOMAN": dragoman.address, "MODEL": model, "OTHER_MODEL": other, "DOOR": door}
    process = await asyncio.create_subprocess_exec(
        environment / "bin" / "python",
        "-m",
        "pytest",
        "-q",
        "--tb=short",
        "--benchmark-disable",
        "--override-ini=asyncio_mode=auto",
        # Its connections are kept for the next test, which must run in the same loop then.
        "--override-ini=asyncio_default_test_loop_scope=session",
        "--override-ini=asyncio_default_fixture_loop_scope=session",
        f"--junitxml={report}",
        "test_suite.py",
        cwd=tmp_path,
        env=variables_for(tmp_path, **named),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-6000:]
    cases = list(ET.parse(report).iter("testcase"))
    became = Counter("skipped" if case.find("skipped") is not None else "passed" for case in cases)
    assert became["passed"] >= _FEWEST
    record_property("suite", f"langchain {door} {model}: {dict(became)}")
    record_property("skipped", [case.get("name") for case in cases if len(case)])
