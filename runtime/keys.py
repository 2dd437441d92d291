"""Signing keys in files: one key a file, made here or moved in, readable by its owner only.

A file holds the key id, the seed in hex, the time from which it signs and, if it is dated, the time
until which, on one line. Files lie in the daemon's state folder, or come as systemd credentials
(systemd.exec(5), LoadCredential=), whose readers systemd looks after. The files of "central" are
central.key and central-<id>.key.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from admission.codes import SigningKey
from runtime.convert import parse_time
from runtime.settings import BadSettings

CREDENTIALS = "CREDENTIALS_DIRECTORY"
MODE = 0o600


def load_keys(folder: Path, name: str) -> tuple[SigningKey, ...]:
    """All keys of that name, by id. Raises BadSettings for one that is damaged, or that others may
    read."""
    found = {key.id: key for key in (_read(file) for file in _files(folder, name))}
    return tuple(found[id_] for id_ in sorted(found))


def signing(keys: Iterable[SigningKey], now: datetime) -> SigningKey | None:
    """The newest that has begun, else the one that begins first; None if there are none."""
    known = sorted(keys, key=lambda key: (key.valid_from, key.id))
    begun = [key for key in known if key.valid_from <= now]
    return begun[-1] if begun else next(iter(known), None)


def write_key(file: Path, key: SigningKey) -> None:
    """On the disk when this returns: all of it or nothing, whenever the power goes."""
    dates = [key.valid_from, *([key.valid_until] if key.valid_until else [])]
    words = [str(key.id), key.seed.hex(), *(date.isoformat() for date in dates)]
    write_secret(file, " ".join(words) + "\n")


def write_secret(file: Path, text: str) -> None:
    """All of it or nothing, for its owner only: that of the folder, if root writes it."""
    draft = file.with_name(file.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as opened:
        if os.geteuid() == 0:
            owner = file.parent.stat()
            os.fchown(opened.fileno(), owner.st_uid, owner.st_gid)
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_secret(file: Path) -> str:
    """Raises BadSettings if others may read it, or nobody can."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077 and file.parent != _credentials():
            raise BadSettings(
                [
                    f"{file}: others may read it (mode {mode:04o}): chmod 600 {file}; if somebody"
                    " may have read it, make a new key and revoke this one"
                ]
            )
        return file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise BadSettings([_damaged(file, error)]) from error


def _read(file: Path) -> SigningKey:
    text = read_secret(file)
    try:
        number, seed, *dates = text.split()
        valid_from, valid_until = (*(parse_time(date) for date in dates), None)[:2]
        if valid_from is None or len(dates) > 2:
            raise ValueError("one or two times are expected")
        key = SigningKey(int(number), bytes.fromhex(seed), valid_from, valid_until)
        _ = key.issuer
    except ValueError as error:
        raise BadSettings([_damaged(file, error)]) from error
    return key


def _damaged(file: Path, error: Exception) -> str:
    return f"{file}: no signing key ({error}); restore it from a backup, or move it away"


def _files(folder: Path, name: str) -> Iterator[Path]:
    ours = re.compile(re.escape(name) + r"(-\d+)?\.key")
    for place in (folder, _credentials()):
        if place is not None and place.is_dir():
            yield from sorted(file for file in place.iterdir() if ours.fullmatch(file.name))


def _credentials() -> Path | None:
    told = os.environ.get(CREDENTIALS)
    return Path(told) if told else None
