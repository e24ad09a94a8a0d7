"""A written text as a voice reads it: what has digits in it, in words.

A telephone number begins with 0 or + and has at least seven digits; dates are written `2026-01-13`, `13-01-2026` or
`13 januari 2026`, times `14:05`, amounts `€ 1.234,56`, ordinal numbers `1e` and `21st`, large numbers `1.000.000`.
Other numbers a voice reads well enough by itself, up to six digits; longer ones are said digit by digit.
"""

import re
from datetime import date, datetime

from belplan.dialplan import spoken
from belplan.dialplan.company import Language

_UNITS: dict[str, dict[Language, tuple[str, str, str, str]]] = {
    "€": {"nl": ("euro", "euro", "cent", "cent"), "en": ("euro", "euros", "cent", "cents")},
    "$": {"nl": ("dollar", "dollar", "cent", "cent"), "en": ("dollar", "dollars", "cent", "cents")},
    "£": {"nl": ("pond", "pond", "penny", "pence"), "en": ("pound", "pounds", "penny", "pence")},
}
_NAMES = {"eur": "€", "euro": "€", "usd": "$", "gbp": "£"}
_LEAST_DIGITS = 7  # of a telephone number

_MONTH = "|".join(name for names in spoken.MONTHS.values() for name in names)
_WHOLE = r"(?:\d{1,3}(?:[.,]\d{3})+|\d{1,9})"

# What looks like several of these is the first of them.
_WRITTEN = re.compile(
    r"(?<![\w.,:/-])(?:"
    rf"(?P<minus>-\s?)?(?P<unit>€|\$|£|\b(?:EUR|USD|GBP)\b)\s?(?P<minus2>-)?(?P<whole>{_WHOLE})"
    r"(?:[.,](?:(?P<cents>\d{2})(?!\d)|-{1,2}))?"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})(?:(?:T| )(?P<at>\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|(?P<day>\d{1,2})-(?P<month>\d{1,2})-(?P<year>\d{4})"
    rf"|(?P<of_month>\d{{1,2}})(?P<month_named>\s(?:{_MONTH}))\b(?:\s(?P<its_year>[12]\d{{3}}))?"
    r"|(?P<ordinal>\d{1,3})(?:e|de|ste|st|nd|rd|th)\b"
    r"|(?P<time>\d{1,2}:\d{2})(?!\s*[ap]\.?m\b)(?:\s?uur)?"
    r"|(?P<telephone>(?:\+\d|0)\d*(?:[ -]?\(?\d+\)?)+)"
    r"|(?P<millions>\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:,\d{3}){2,})"
    r"|(?P<long>\d{7,})"
    r")(?![\w/-]|[.,:]\d)",
    re.IGNORECASE,
)


def read_aloud(written: str, language: Language) -> str:
    """The text with its numbers in words; what only looks like one of them stays as it is."""

    def replaced(found: re.Match[str]) -> str:
        try:
            return _words(found, language)
        except ValueError:  # 31 February, or a quarter past 25
            return found[0]

    return _WRITTEN.sub(replaced, written)


def _words(found: re.Match[str], language: Language) -> str:
    if unit := found["unit"]:
        return _money(found, _NAMES.get(unit.lower(), unit), language)
    if iso := found["iso"]:
        said = spoken.day(date.fromisoformat(iso), None, language)
        if not (at := found["at"]):
            return said
        moment = datetime.fromisoformat(f"{iso}T{at}")
        return f"{said} {spoken.AT[language]} {spoken.clock(moment, language)}"
    if found["year"]:
        return spoken.day(date(int(found["year"]), int(found["month"]), int(found["day"])), None, language)
    if of_month := found["of_month"]:
        said = spoken.day_of_month(int(of_month), language) + found["month_named"]
        return said if not found["its_year"] else f"{said} {spoken.year(int(found['its_year']), language)}"
    if ordinal := found["ordinal"]:
        return spoken.ordinal(int(ordinal), language)
    if at := found["time"]:
        return spoken.clock(datetime.strptime(at, "%H:%M"), language)
    if number := found["telephone"]:
        if sum(letter.isdigit() for letter in number) >= _LEAST_DIGITS:
            return spoken.telephone(number, language)
        return spoken.digits(number, language) if number.isdigit() else number
    if millions := found["millions"]:
        return spoken.number(_whole(millions), language)
    return spoken.telephone(found["long"], language)


def _money(found: re.Match[str], unit: str, language: Language) -> str:
    said = spoken.amount(_whole(found["whole"]), int(found["cents"] or 0), _UNITS[unit][language], language)
    if found["minus"] or found["minus2"]:
        return f"{'min' if language == 'nl' else 'minus'} {said}"
    return said


def _whole(written: str) -> int:
    return int(written.replace(".", "").replace(",", ""))
