"""What is handed out: the wheel, the locks, the README's commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("admission", "runtime", "hal", "gate", "kiosk", "desk", "central", "wicket")
LOCKS = {
    "requirements.lock": {"demo"},
    "requirements-pi.lock": {"central", "kiosk", "print", "gpio", "hid"},
    "requirements-dev.lock": {"dev"},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy, without a network."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [sys.executable, "-m", "pip", *build, "--wheel-dir", source / "dist", source], check=True
    )
    (built,) = (source / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_has_every_file_of_every_package(wheel: zipfile.ZipFile) -> None:
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    sources = (path for path in files if path.parent.name != "__pycache__")
    ours = {path.relative_to(ROOT).as_posix() for path in sources}
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == ours


def test_the_wheel_has_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    info = f"wicket-{PROJECT['version']}.dist-info"
    assert "wicket = wicket.__main__:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == PROJECT["version"]


def test_the_scripts_that_the_documents_name_can_be_run() -> None:
    named = {
        script
        for document in ("README.md", "CONTRIBUTING.md")
        for script in re.findall(r"\bscripts/[\w-]+", (ROOT / document).read_text())
    }
    assert {"scripts/demo", "scripts/test"} <= named
    assert [script for script in named if not os.access(ROOT / script, os.X_OK)] == []


def test_ci_runs_the_readmes_test_command() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec scripts/test"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_what_the_project_asks_for(name: str) -> None:
    pinned = pins(name)
    for wanted in asked_for(LOCKS[name]):
        version = pinned.get(canonicalize_name(wanted.name))
        assert version, f"{wanted} is missing; run scripts/lock"
        assert wanted.specifier.contains(version), f"{wanted}, but {version}; run scripts/lock"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_folder(name: str) -> None:
    line = re.compile(r"[\w.-]+==[\w.+!]+( ; [^/\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / name).read_text().splitlines()
    assert [wrong for wrong in lines if not line.fullmatch(wrong)] == []


def test_the_locks_agree() -> None:
    for_work = pins("requirements-dev.lock")
    for name in LOCKS:
        assert pins(name).items() <= for_work.items()


def pins(lock: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([\w.+!]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def asked_for(extras: set[str]) -> list[Requirement]:
    """Our direct requirements; an extra may name others of ours: wicket[demo,gpio]."""
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][name] for name in extras)]
    wanted = [Requirement(line) for lines in lists for line in lines]
    ours = [one for one in wanted if one.name == "wicket"]
    others = [one for one in wanted if one.name != "wicket"]
    return others + [more for one in ours for more in asked_for(one.extras)]
