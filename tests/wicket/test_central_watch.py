"""`wicket central devices`, beside a central that runs or does not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from support.central import DEVICES, NOW, Clock, central_in
from support.program import ROOT
from support.workers import config_in

from admission.facts import Fact, Passed
from central.sync import feed
from central.watch.listening import Watch
from runtime.bus import Message
from runtime.wire import encode
from wicket.central_watch import listing


async def fill(folder: Path, url: str) -> None:
    """Two are inside, gate-1 said that it counts five, and is gone."""
    async with central_in(folder, Clock(), database=url) as central:
        watch = Watch(central.api.database, central.clock, DEVICES)
        inside = Fact("gate-1", 1, NOW, Passed(None, None, "North", 2, zone="museum"))
        await central.api.database.write(lambda c: feed.accept(c, [inside], NOW))
        for status in ({"online": True, "cursor": 0, "present": {"museum": 5}}, {"online": False}):
            watch.hear("gate-1", Message("", encode(status)))
            await watch.write_down()


def test_it_says_who_is_connected_and_who_is_where(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'central.sqlite'}"
    config = config_in(tmp_path, url)
    said = listing(config)
    assert (said.exit_code, said.text[:27]) == (1, "the database is not set up ")
    asyncio.run(fill(tmp_path, url))
    command = (sys.executable, "-m", "wicket", "central", "devices", "--config", str(config))
    lines = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    assert lines == listing(config).text.splitlines()
    assert lines[0].startswith("gate-1: cut off since")
    assert lines[1].startswith("kiosk-1: never heard")
    assert lines[3:5] == [
        "museum: 2 counted",
        "    went in without a ticket (free lanes, opened by staff, forced): 2",
    ]
    assert lines[5].startswith("    gate-1 counted +3: gate-1 is cut off since")
