"""What lanes say, in the visitor's language."""

from __future__ import annotations

PHRASES: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "idle": ("Please scan your ticket", ""),
        "welcome": ("Welcome", "please walk"),
        "welcome, many": ("Welcome", "{persons} persons"),
        "goodbye": ("Goodbye", "please walk"),
        "goodbye, many": ("Goodbye", "{persons} persons"),
        "refused": ("Please ask our staff", "{why}"),
        "tested": ("Test: nothing was used", "{why}"),
        "test": ("Test", "show the ticket to explain"),
        "would enter": ("", "would enter"),
        "free": ("Please walk through", ""),
        "closed": ("Closed", "please use another lane"),
        "not ready": ("Lane not ready", "waiting for the first word from central"),
        "out of order": ("Lane out of order", "please use another lane"),
        "reader out of order": ("Reader out of order", "please use another lane"),
        "emergency": ("Leave the building", "all lanes are open"),
        "forced": ("Please come back", "and show a ticket"),
        "tailgating": ("One at a time, please", "and show a ticket"),
        "wrong_way": ("Please step back", "this way is not open"),
        "sensor_stuck": ("Please step out of the lane", "something blocks it"),
        "held_open": ("Please close the door", ""),
        "journal": ("Please wait", "this lane cannot record entries"),
    },
    "de": {
        "idle": ("Bitte Karte scannen", ""),
        "welcome": ("Willkommen", "bitte durchgehen"),
        "welcome, many": ("Willkommen", "{persons} Personen"),
        "goodbye": ("Auf Wiedersehen", "bitte durchgehen"),
        "goodbye, many": ("Auf Wiedersehen", "{persons} Personen"),
        "refused": ("Bitte fragen Sie uns", "{why}"),
        "tested": ("Probe: nichts verbraucht", "{why}"),
        "test": ("Probe", "Karte zeigen, um sie zu erklären"),
        "would enter": ("", "käme hinein"),
        "free": ("Bitte durchgehen", ""),
        "closed": ("Geschlossen", "bitte anderen Durchgang nehmen"),
        "not ready": ("Noch nicht bereit", "wartet auf die Zentrale"),
        "out of order": ("Außer Betrieb", "bitte anderen Durchgang nehmen"),
        "reader out of order": ("Leser außer Betrieb", "bitte anderen Durchgang nehmen"),
        "emergency": ("Bitte verlassen Sie das Gebäude", "alle Durchgänge sind offen"),
        "forced": ("Bitte kommen Sie zurück", "und zeigen Sie eine Karte"),
        "tailgating": ("Bitte einzeln", "und mit Karte"),
        "wrong_way": ("Bitte zurücktreten", "diese Richtung ist nicht offen"),
        "sensor_stuck": ("Bitte aus dem Durchgang treten", "etwas versperrt ihn"),
        "held_open": ("Bitte die Tür schließen", ""),
        "journal": ("Bitte warten", "hier lässt sich nichts verbuchen"),
    },
    "fr": {
        "idle": ("Scannez votre billet", ""),
        "welcome": ("Bienvenue", "avancez"),
        "welcome, many": ("Bienvenue", "{persons} personnes"),
        "goodbye": ("Au revoir", "avancez"),
        "goodbye, many": ("Au revoir", "{persons} personnes"),
        "refused": ("Adressez-vous à notre équipe", "{why}"),
        "tested": ("Essai : rien n'est utilisé", "{why}"),
        "test": ("Essai", "montrez le billet à expliquer"),
        "would enter": ("", "entrerait"),
        "free": ("Passez, c'est ouvert", ""),
        "closed": ("Fermé", "prenez un autre passage"),
        "not ready": ("Pas encore prêt", "attend la centrale"),
        "out of order": ("Hors service", "prenez un autre passage"),
        "reader out of order": ("Lecteur hors service", "prenez un autre passage"),
        "emergency": ("Quittez le bâtiment", "tous les passages sont ouverts"),
        "forced": ("Revenez, s'il vous plaît", "et montrez un billet"),
        "tailgating": ("Un à la fois", "et montrez un billet"),
        "wrong_way": ("Reculez, s'il vous plaît", "ce sens n'est pas ouvert"),
        "sensor_stuck": ("Libérez le passage", "quelque chose le bloque"),
        "held_open": ("Fermez la porte", ""),
        "journal": ("Patientez", "ce passage ne peut rien enregistrer"),
    },
    "ar": {
        "idle": ("يرجى مسح التذكرة", ""),
        "welcome": ("أهلاً وسهلاً", "تفضّل بالمرور"),
        "welcome, many": ("أهلاً وسهلاً", "عدد الأشخاص {persons}"),
        "goodbye": ("مع السلامة", "تفضّل بالمرور"),
        "goodbye, many": ("مع السلامة", "عدد الأشخاص {persons}"),
        "refused": ("يرجى سؤال موظفينا", "{why}"),
        "tested": ("تجربة: لم يُستعمل شيء", "{why}"),
        "test": ("تجربة", "أظهر التذكرة لشرحها"),
        "would enter": ("", "تسمح بالدخول"),
        "free": ("تفضّل بالمرور", ""),
        "closed": ("مغلق", "يرجى استعمال ممر آخر"),
        "not ready": ("غير جاهز بعد", "في انتظار المركز"),
        "out of order": ("معطّل", "يرجى استعمال ممر آخر"),
        "reader out of order": ("القارئ معطّل", "يرجى استعمال ممر آخر"),
        "emergency": ("غادروا المبنى", "كل الممرات مفتوحة"),
        "forced": ("يرجى العودة", "وإظهار تذكرة"),
        "tailgating": ("شخص واحد في كل مرة", "مع تذكرة"),
        "wrong_way": ("يرجى الرجوع", "هذا الاتجاه مغلق"),
        "sensor_stuck": ("يرجى إخلاء الممر", "شيء ما يسدّه"),
        "held_open": ("يرجى إغلاق الباب", ""),
        "journal": ("يرجى الانتظار", "تعذّر التسجيل هنا"),
    },
}
"""Language → phrase → title and text. `{persons}` is a number, `{why}` a reason's sentence."""


def phrase(name: str, language: str, persons: int = 1, why: str = "") -> tuple[str, str, str]:
    """Title, text and the language they are in: English if `language` is not known here."""
    tongue = language.partition("-")[0]
    if tongue not in PHRASES:
        tongue = "en"
    many = f"{name}, many"
    title, text = PHRASES[tongue][many if persons > 1 and many in PHRASES[tongue] else name]
    return title, text.format(persons=persons, why=why), tongue
