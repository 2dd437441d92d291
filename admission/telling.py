"""An answer of the rules told to staff, and the times that they type: the same words at a gate and
at central."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from admission.codes import human_code
from admission.reasons import explain
from admission.request import Answer, Check, Denied, Granted
from admission.values import Direction

FIRST_YEAR, LAST_YEAR = 1900, 9000


def moment(text: str, now: datetime, timezone: ZoneInfo) -> datetime:
    """The time meant by "14:05" (today), "2026-11-22 14:05" or an ISO time with its zone, in UTC;
    `now` if it is empty. Raises ValueError."""
    if not text.strip():
        return now
    try:
        return _moment(text.strip(), now, timezone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time like 14:05 or 2026-11-22 14:05") from error


def _moment(text: str, now: datetime, timezone: ZoneInfo) -> datetime:
    try:
        local = datetime.combine(now.astimezone(timezone).date(), time.fromisoformat(text))
    except ValueError:
        local = datetime.fromisoformat(text)
    aware = local if local.tzinfo else local.replace(tzinfo=timezone)
    meant = aware.astimezone(UTC)
    if not FIRST_YEAR <= meant.year <= LAST_YEAR:
        raise ValueError("too long ago, or too far ahead, for any zone's clock and any rule")
    return meant


def sentence(answer: Answer, way: Direction, now: datetime, timezone: ZoneInfo) -> str:
    """For staff, in English: "2 persons may enter", "already used at 10:04 at North 2"."""
    match answer:
        case Denied():
            return explain(answer, now, timezone)
        case Granted(persons=persons, again=again, remark=remark):
            who = "1 person" if persons == 1 else f"{persons} persons"
            said = f"{who} may {'enter' if way is Direction.IN else 'leave'}"
            said += " once more, on re-scan grace" if again else ""
            return said + (f"; remark: {remark.value.replace('_', ' ')}" if remark else "")


def verdict(check: Check, way: Direction, now: datetime, timezone: ZoneInfo) -> tuple[str, str]:
    """What the rule said, as a word ("ok", "refused", "granted") and a sentence."""
    if check.answer is None:
        return "ok", ""
    word = "refused" if isinstance(check.answer, Denied) else "granted"
    return word, sentence(check.answer, way, now, timezone)


def paper_code(answer: Answer) -> str:
    """The human code of the ticket it is about; "" if no ticket was found."""
    return human_code(answer.ticket.id) if answer.ticket else ""
