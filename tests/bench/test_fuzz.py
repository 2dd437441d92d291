"""The fuzzer runs; a short run is part of every test run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.fuzz_targets import TARGETS, seeds

ROOT = Path(__file__).parents[2]


def fuzz(before: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{before}\n"
    script += "from bench.fuzz import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", script, "--seed", "3", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


WITHOUT_ATHERIS = "sys.modules['atheris'] = None"
BROKEN = {
    "minds how its bytes are chunked": """
from hal.drivers import code_splitter
code_splitter.CodeSplitter.feed = lambda self, data, now: data.decode("latin-1").splitlines()
""",
    "takes a printed code for a card": """
from hal.drivers import scan_text
scan_text.no_card = lambda text: text
""",
    "takes a text on a tag for a card": """
from hal.drivers import nfc_tag
nfc_tag.no_card = lambda text: text
""",
    "minds no parity": """
from hal.drivers import wiegand_frames
wiegand_frames._parity_is_right = lambda bits: True
""",
    "trusts the length that a card tells": """
from hal.drivers import osdp_reader
card_text = osdp_reader.card_text
osdp_reader.card_text = lambda event: card_text({**event, "length": abs(event["length"])})
""",
}


@pytest.mark.parametrize("before", ["", WITHOUT_ATHERIS], ids=["atheris", "random"])
def test_thousands_of_inputs_break_no_rule(before: str, tmp_path: Path) -> None:
    done = fuzz(before, "--runs", "3000", folder=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "3000" in done.stderr + done.stdout


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("before", ["", WITHOUT_ATHERIS], ids=["atheris", "random"])
def test_a_decoder_that_is_broken_is_found(before: str, fault: str, tmp_path: Path) -> None:
    done = fuzz(f"{before}\n{BROKEN[fault]}", "--runs", "9000", folder=tmp_path)
    assert done.returncode != 0
    assert "AssertionError" in done.stderr + done.stdout
    assert list(tmp_path.glob("crash*"))


def test_there_are_seeds_for_every_target() -> None:
    assert {data[0] for data in seeds()} == set(range(len(TARGETS)))
