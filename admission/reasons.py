"""Why somebody was refused, in the visitor's language."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from admission.request import Denied


class Reason(Enum):
    UNREADABLE = "unreadable"
    UNKNOWN_KEY = "unknown_key"
    NOT_GENUINE = "not_genuine"
    KEY_REVOKED = "key_revoked"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    UNPAID = "unpaid"
    LANE_CLOSED = "lane_closed"
    NOT_LISTED = "not_listed"
    LIST_TOO_OLD = "list_too_old"
    CUT_OFF = "cut_off"
    HOME_GATE = "home_gate"
    UNKNOWN_PRODUCT = "unknown_product"
    WRONG_ATTRACTION = "wrong_attraction"
    TIME_UNKNOWN = "time_unknown"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_USED = "already_used"
    ALREADY_INSIDE = "already_inside"
    NOT_INSIDE = "not_inside"
    ZONE_FULL = "zone_full"


SENTENCES: dict[str, dict[Reason, str]] = {
    "en": {
        Reason.UNREADABLE: "not a ticket of this venue",
        Reason.UNKNOWN_KEY: "not genuine, as far as this gate knows",
        Reason.NOT_GENUINE: "not genuine",
        Reason.KEY_REVOKED: "its key was revoked, and this sale is not on the list",
        Reason.UNKNOWN: "no such ticket",
        Reason.CANCELLED: "ticket was cancelled",
        Reason.BLOCKED: "ticket is blocked",
        Reason.UNPAID: "ticket is not paid",
        Reason.LANE_CLOSED: "this lane is closed",
        Reason.NOT_LISTED: "please use the staffed lane: not on the list here yet",
        Reason.LIST_TOO_OLD: "please use the staffed lane: the list here is old",
        Reason.CUT_OFF: "please use the staffed lane: this gate cannot hear the others",
        Reason.HOME_GATE: "please use {where}: this gate cannot reach it",
        Reason.UNKNOWN_PRODUCT: "kind of ticket not known here yet",
        Reason.WRONG_ATTRACTION: "not valid at this entrance",
        Reason.TIME_UNKNOWN: "please use the staffed lane: this gate does not know the time",
        Reason.TOO_EARLY: "opens at {at}",
        Reason.TOO_LATE: "closed at {at}",
        Reason.ALREADY_USED: "already used at {at} at {where}",
        Reason.ALREADY_INSIDE: "already inside since {at}, by {where}",
        Reason.NOT_INSIDE: "this ticket has not come in",
        Reason.ZONE_FULL: "full at the moment; please wait until somebody leaves",
    },
    "de": {
        Reason.UNREADABLE: "keine Eintrittskarte dieses Hauses",
        Reason.UNKNOWN_KEY: "nicht echt, soweit diese Sperre weiß",
        Reason.NOT_GENUINE: "nicht echt",
        Reason.KEY_REVOKED: "ihr Schlüssel ist gesperrt, und der Verkauf steht nicht auf der Liste",
        Reason.UNKNOWN: "diese Karte gibt es nicht",
        Reason.CANCELLED: "Karte wurde storniert",
        Reason.BLOCKED: "Karte ist gesperrt",
        Reason.UNPAID: "Karte ist nicht bezahlt",
        Reason.LANE_CLOSED: "dieser Durchgang ist geschlossen",
        Reason.NOT_LISTED: "bitte zum besetzten Durchgang: hier noch nicht auf der Liste",
        Reason.LIST_TOO_OLD: "bitte zum besetzten Durchgang: die Liste hier ist alt",
        Reason.CUT_OFF: "bitte zum besetzten Durchgang: hier fehlt die Verbindung zu den anderen",
        Reason.HOME_GATE: "bitte zu {where}: hier fehlt die Verbindung dorthin",
        Reason.UNKNOWN_PRODUCT: "diese Kartenart ist hier noch nicht bekannt",
        Reason.WRONG_ATTRACTION: "gilt nicht an diesem Eingang",
        Reason.TIME_UNKNOWN: "bitte zum besetzten Durchgang: hier ist die Uhrzeit unbekannt",
        Reason.TOO_EARLY: "Einlass ab {at}",
        Reason.TOO_LATE: "Einlass war bis {at}",
        Reason.ALREADY_USED: "schon benutzt um {at} bei {where}",
        Reason.ALREADY_INSIDE: "schon drinnen seit {at}, durch {where}",
        Reason.NOT_INSIDE: "mit dieser Karte kam niemand herein",
        Reason.ZONE_FULL: "zurzeit voll; bitte warten, bis jemand geht",
    },
    "fr": {
        Reason.UNREADABLE: "ce n'est pas un billet de ce lieu",
        Reason.UNKNOWN_KEY: "pas authentique, pour autant que cette entrée sache",
        Reason.NOT_GENUINE: "pas authentique",
        Reason.KEY_REVOKED: "sa clé est révoquée, et cette vente n'est pas sur la liste",
        Reason.UNKNOWN: "ce billet n'existe pas",
        Reason.CANCELLED: "billet annulé",
        Reason.BLOCKED: "billet bloqué",
        Reason.UNPAID: "billet non payé",
        Reason.LANE_CLOSED: "ce passage est fermé",
        Reason.NOT_LISTED: "adressez-vous au passage surveillé : pas encore sur la liste ici",
        Reason.LIST_TOO_OLD: "adressez-vous au passage surveillé : la liste ici est ancienne",
        Reason.CUT_OFF: "adressez-vous au passage surveillé : pas de liaison avec les autres",
        Reason.HOME_GATE: "adressez-vous à {where} : pas de liaison avec cette entrée",
        Reason.UNKNOWN_PRODUCT: "type de billet encore inconnu ici",
        Reason.WRONG_ATTRACTION: "pas valable à cette entrée",
        Reason.TIME_UNKNOWN: "adressez-vous au passage surveillé : l'heure est inconnue ici",
        Reason.TOO_EARLY: "ouvre à {at}",
        Reason.TOO_LATE: "a fermé à {at}",
        Reason.ALREADY_USED: "déjà utilisé à {at} à {where}",
        Reason.ALREADY_INSIDE: "déjà à l'intérieur depuis {at}, par {where}",
        Reason.NOT_INSIDE: "personne n'est entré avec ce billet",
        Reason.ZONE_FULL: "complet en ce moment ; attendez que quelqu'un sorte",
    },
    "ar": {
        Reason.UNREADABLE: "هذه ليست تذكرة لهذا المكان",
        Reason.UNKNOWN_KEY: "غير أصلية بحسب معلومات هذه البوابة",
        Reason.NOT_GENUINE: "غير أصلية",
        Reason.KEY_REVOKED: "أُلغي مفتاحها، وهذا البيع ليس في القائمة",
        Reason.UNKNOWN: "لا توجد تذكرة كهذه",
        Reason.CANCELLED: "أُلغيت التذكرة",
        Reason.BLOCKED: "التذكرة موقوفة",
        Reason.UNPAID: "التذكرة غير مدفوعة",
        Reason.LANE_CLOSED: "هذا الممر مغلق",
        Reason.NOT_LISTED: "يرجى التوجه إلى ممر الموظف: ليست في القائمة هنا بعد",
        Reason.LIST_TOO_OLD: "يرجى التوجه إلى ممر الموظف: القائمة هنا قديمة",
        Reason.CUT_OFF: "يرجى التوجه إلى ممر الموظف: لا اتصال بالبوابات الأخرى هنا",
        Reason.HOME_GATE: "يرجى التوجه إلى {where}: لا اتصال بها من هنا",
        Reason.UNKNOWN_PRODUCT: "نوع التذكرة غير معروف هنا بعد",
        Reason.WRONG_ATTRACTION: "غير صالحة لهذا المدخل",
        Reason.TIME_UNKNOWN: "يرجى التوجه إلى ممر الموظف: الوقت غير معروف هنا",
        Reason.TOO_EARLY: "يفتح الدخول {at}",
        Reason.TOO_LATE: "انتهى الدخول {at}",
        Reason.ALREADY_USED: "استُعملت {at} عند {where}",
        Reason.ALREADY_INSIDE: "حاملها في الداخل منذ {at} عبر {where}",
        Reason.NOT_INSIDE: "لم يدخل أحد بهذه التذكرة",
        Reason.ZONE_FULL: "المكان ممتلئ الآن؛ يرجى الانتظار حتى يخرج أحد",
    },
}
"""Language → reason → sentence; {at} is a local time, {where} the name of a lane."""


def explain(denied: Denied, now: datetime, timezone: ZoneInfo, language: str = "en") -> str:
    """One sentence for visitor and steward: "already used at 10:04 at North 2". In English if
    the language is not known here."""
    sentences = SENTENCES.get(language.partition("-")[0], SENTENCES["en"])
    at = clock_time(denied.at, now, timezone) if denied.at else ""
    return sentences[denied.reason].format(at=at, where=denied.where)


def clock_time(at: datetime, now: datetime, timezone: ZoneInfo) -> str:
    """10:04, with the date if it is another day's: 2026-11-20 10:04."""
    local = at.astimezone(timezone)
    same_day = local.date() == now.astimezone(timezone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%Y-%m-%d %H:%M}"
