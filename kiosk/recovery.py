"""After a power cut: what the start adds to a sale that the journal left open."""

from __future__ import annotations

from kiosk.sale import Abandoned, Paying, Record, Sale


def recover(sale: Sale) -> tuple[Record, ...]:
    """Records to write before `kiosk.sale.todo` carries the sale on.

    Nobody stands there any more to pay: a sale without a known charge is abandoned (should the
    terminal say that it was charged after all, abandoning makes the next effect a reversal). A
    charged one goes on to its tickets if its patience allows, else it is reversed. An issued one is
    printed, however late.
    """
    if sale.tickets or sale.closed or sale.abandoned or sale.paying is Paying.TAKEN:
        return ()
    return (Abandoned("restart"),)
