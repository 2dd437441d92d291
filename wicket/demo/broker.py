"""The embedded broker, for machines without mosquitto: `python -m wicket.demo.broker PORT`."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from pathlib import Path

from runtime.service import run_daemon


def command(port: int, mosquitto_conf: Path) -> list[str]:
    """How to start the machine's mosquitto, else the embedded broker."""
    mosquitto = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if mosquitto:
        return [mosquitto, "-c", str(mosquitto_conf)]
    return [sys.executable, "-m", "wicket.demo.broker", str(port)]


async def serve(port: int) -> None:
    """Run amqtt (MQTT 3.1.1) on the loopback port until cancelled."""
    from amqtt.broker import Broker

    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(config)
    await broker.start()
    try:
        await asyncio.Event().wait()
    finally:
        await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    run_daemon(serve(int(sys.argv[1])))
