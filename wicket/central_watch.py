"""`wicket central devices`: who is connected and who is where, for a technician on the machine."""

from __future__ import annotations

from pathlib import Path

from central.settings import CentralSettings
from central.store.database import DatabaseDown, faults_of, make_engine
from central.store.revisions import newest, revision_of
from central.watch import overview
from runtime.service import utc_now
from runtime.settings import load
from wicket.central_store import Said


def listing(config: Path) -> Said:
    """Raises BadSettings."""
    settings = load(config, CentralSettings)
    engine = make_engine(settings.database_url)
    try:
        with faults_of(engine):
            if revision_of(engine) != newest():
                return Said("the database is not set up for this version; start central", 1)
            with engine.connect() as connection:
                told = overview.lines(connection, settings.devices, utc_now())
                return Said("\n".join(told))
    except DatabaseDown as down:
        return Said(str(down), exit_code=1)
    finally:
        engine.dispose()
