"""Which of the sales that devices tell are genuine: the same rule for gates and central."""

from __future__ import annotations

from collections.abc import Mapping

from admission.codes import SignedCode, genuine, read_code
from admission.facts import Fact, OfflineSold
from admission.values import IssuerKey, Ticket


def sold_offline(sold: Fact, keys: Mapping[int, IssuerKey]) -> Ticket | None:
    """The ticket that the fact says was sold, if it is good: see `flaw`."""
    event = sold.event
    return event.issued if isinstance(event, OfflineSold) and not flaw(sold, keys) else None


def flaw(sold: Fact, keys: Mapping[int, IssuerKey]) -> str:
    """Why such a sale makes no ticket, "" if it does: a key of the device's own must have signed
    it, and none of its keys been revoked by the time at which it says that it sold."""
    revoked = (key.revoked_at for key in keys.values() if key.device == sold.device)
    if any(since is not None and since <= sold.at for since in revoked):
        return "sold after its key was revoked"
    event = sold.event
    code = read_code(event.code) if isinstance(event, OfflineSold) else None
    if not isinstance(event, OfflineSold) or not isinstance(code, SignedCode):
        return "without a signed code"
    key = keys.get(code.key)
    if key is None or key.device != sold.device or not genuine(code, key):
        return f"not signed by a key of {sold.device}"
    return "" if _same(code.ticket, event.issued) else "signed for another ticket"


def _same(told: Ticket, sold: Ticket) -> bool:
    """As far as a code tells."""
    of_told = (told.id, told.product, told.persons, told.window)
    return of_told == (sold.id, sold.product, sold.persons, sold.window)
