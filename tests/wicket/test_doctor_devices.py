"""The doctor's checks of devices, on real files and a real pcscd socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from support.examined import NOBODY, OK, ROOT, WRONG, levels, machine, said, write

from wicket.doctor.devices import device_nodes, gpio, pcscd
from wicket.doctor.finding import User

MEMBER = User("member", 1_000_000, frozenset({os.getegid()}))
PORT = {"driver": "serial", "port": "/dev/ttyACM0"}


def test_a_device_that_is_there_is_ok(tmp_path: Path) -> None:
    write(tmp_path / "dev/ttyACM0")
    it = machine(tmp_path, devices={"readers": [PORT]})
    assert said(device_nodes, it) == [(OK, "devices.readers[0]: /dev/ttyACM0")]


def test_a_device_that_is_missing_is_wrong(tmp_path: Path) -> None:
    it = machine(tmp_path, devices={"entry": {"readers": [PORT]}})
    expected = "devices.entry.readers[0]: /dev/ttyACM0 is not there"
    assert said(device_nodes, it) == [(WRONG, expected)]


def test_a_device_inside_a_device_is_looked_at(tmp_path: Path) -> None:
    turnstile = {"driver": "relay", "latch": {"driver": "serial_relay", "port": "/dev/ttyUSB0"}}
    assert levels(device_nodes, machine(tmp_path, devices={"turnstile": turnstile})) == [WRONG]


def test_a_device_named_by_two_tables_is_told_once(tmp_path: Path) -> None:
    lines = {name: {"driver": "serial_relay", "port": "/dev/ttyUSB0"} for name in ("in", "out")}
    assert len(said(device_nodes, machine(tmp_path, devices=lines))) == 1


def test_a_folder_is_no_device(tmp_path: Path) -> None:
    (tmp_path / "dev/ttyACM0").mkdir(parents=True)
    assert levels(device_nodes, machine(tmp_path, devices={"reader": PORT})) == [WRONG]


@pytest.mark.parametrize(
    ("mode", "user", "may"),
    [
        (0o660, ROOT, True),
        (0o660, NOBODY, False),
        (0o666, NOBODY, True),
        (0o606, MEMBER, False),
        (0o660, MEMBER, True),
        (0o440, MEMBER, False),
    ],
)
def test_permissions_are_those_of_the_daemons_user(
    tmp_path: Path, mode: int, user: User, may: bool
) -> None:
    node = write(tmp_path / "dev/ttyACM0")
    node.chmod(mode)
    user = User(
        user.name, user.uid, frozenset({node.stat().st_gid}) if 0 in user.groups else user.groups
    )
    it = machine(tmp_path, user, devices={"reader": PORT})
    assert levels(device_nodes, it) == [OK if may else WRONG]


def test_a_simulated_device_needs_nothing(tmp_path: Path) -> None:
    it = machine(tmp_path, devices={"reader": {"driver": "sim"}})
    assert said(device_nodes, it) == said(gpio, it) == said(pcscd, it) == []


def test_a_line_without_a_chip_is_wrong(tmp_path: Path) -> None:
    it = machine(tmp_path, devices={"latch": {"driver": "gpiozero", "pin": 17}})
    expected = "devices.latch: no GPIO chip pinctrl-…; this computer has none"
    assert said(gpio, it) == [(WRONG, expected)]


def test_a_chip_that_the_daemon_may_not_open_is_wrong(tmp_path: Path) -> None:
    write(tmp_path / "dev/gpiochip0").chmod(0o600)
    it = machine(tmp_path, NOBODY, devices={"latch": {"driver": "gpiozero", "pin": 17}})
    assert said(gpio, it) == [(WRONG, "nobody may not open /dev/gpiochip0")]


def test_a_file_that_is_no_chip_is_wrong(tmp_path: Path) -> None:
    write(tmp_path / "dev/gpiochip0")
    it = machine(tmp_path, devices={"latch": {"driver": "gpiozero", "pin": 17}})
    assert levels(gpio, it) == [WRONG]


def test_card_readers_need_pcscd(tmp_path: Path) -> None:
    it = machine(tmp_path, devices={"reader": {"driver": "nfc", "reader": "ACR122U"}})
    assert levels(pcscd, it) == [WRONG]
    path = tmp_path / "run/pcscd/pcscd.comm"
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
        unix.bind(str(path))
        assert levels(pcscd, it) == [WRONG]
        unix.listen()
        assert said(pcscd, it) == [(OK, "pcscd answers")]
