"""SMS through any gateway that Apprise speaks (https://appriseit.com)."""

from __future__ import annotations

import logging
from urllib.parse import quote

from apprise import Apprise, AppriseAsset

from central.delivery.gateway import NotSent, Parcel, plain
from central.delivery.outbox import ONCE
from central.delivery.settings import SmsSettings
from runtime.settings import BadSettings

logging.getLogger("apprise").propagate = False  # it tells numbers; `said` has what matters


class AppriseSms:
    """Apprise blocks in threads of its own; why it could not send it tells in its log only."""

    def __init__(self, settings: SmsSettings) -> None:
        """Raises BadSettings."""
        check(settings)
        self._settings = settings

    async def send(self, parcel: Parcel) -> str:
        try:
            gateway = _made(self._settings.apprise, parcel.to, parcel.id)
        except BadSettings as error:
            raise NotSent("Apprise takes no such number", most=ONCE) from error
        result = await gateway.async_notify(
            body=parcel.body, timeout=self._settings.timeout_s, log_level=logging.WARNING
        )
        if not result:
            told = plain("; ".join(entry.message for entry in result.logs()))
            raise NotSent(told or "the gateway did not take it")
        return "taken"


def check(settings: SmsSettings) -> None:
    """Raises BadSettings."""
    _made(settings.apprise, "+4915123456789", "1")


def _made(url: str, to: str, id_: str) -> Apprise:
    gateway = Apprise(asset=AppriseAsset(http_redirects=False))
    if not gateway.add(url.replace("{to}", quote(to, "")).replace("{id}", quote(id_, ""))):
        raise BadSettings(["[sms] apprise: Apprise knows no such URL"])
    return gateway
