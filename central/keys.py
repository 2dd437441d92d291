"""Central's signing key: one small file, made at the first start, readable by its owner only.

The file holds the key id, the seed in hex and the time from which it signs, on one line. When the
file is lost, a new key takes the next id, so tickets signed with the old one stay genuine.
"""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

from admission.codes import SigningKey
from runtime.convert import parse_time
from runtime.settings import BadSettings


def load_key(path: Path, next_id: int, now: datetime) -> SigningKey:
    """The key in `path`, made with `next_id` and `now` if there is none. Raises BadSettings."""
    if not path.exists():
        _write(path, f"{next_id} {secrets.token_hex(32)} {now.isoformat()}\n")
    try:
        number, seed, valid_from = path.read_text(encoding="ascii").split()
        key = SigningKey(int(number), bytes.fromhex(seed), parse_time(valid_from))
        _ = key.issuer
    except (OSError, ValueError) as error:
        raise BadSettings(
            [f"{path}: no signing key ({error}); restore it from a backup, or move it away"]
        ) from error
    return key


def _write(path: Path, text: str) -> None:
    """All of it or nothing, whenever the power goes."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
