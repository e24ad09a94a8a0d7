"""Numbers, dates, times and telephone numbers as people say them, in words: a voice reads `2` or `06` as it pleases.

Text in, text out, in Dutch and English.
"""

import re
from datetime import date, datetime, timedelta
from itertools import accumulate

from belplan.dialplan.company import Language

_NL_SMALL = [
    "nul",
    "een",
    "twee",
    "drie",
    "vier",
    "vijf",
    "zes",
    "zeven",
    "acht",
    "negen",
    "tien",
    "elf",
    "twaalf",
    "dertien",
    "veertien",
    "vijftien",
    "zestien",
    "zeventien",
    "achttien",
    "negentien",
]
_NL_TENS = ["twintig", "dertig", "veertig", "vijftig", "zestig", "zeventig", "tachtig", "negentig"]
_EN_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_EN_ORDINAL = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}  # fmt: skip

# Longest first: drie is not derde in drieëndertigste, but in honderddrie it is.
_NL_ORDINAL = {"achttien": "achttiende", "tachtig": "tachtigste", "acht": "achtste", "drie": "derde", "een": "eerste"}

_DAYS: dict[Language, list[str]] = {
    "nl": ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
MONTHS: dict[Language, list[str]] = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
AT: dict[Language, str] = {"nl": "om", "en": "at"}
LARGEST = 999_999_999
_SIGNS: dict[Language, dict[str, str]] = {
    "nl": {"+": "plus", "*": "sterretje", "#": "hekje"},
    "en": {"+": "plus", "*": "star", "#": "hash"},
}


def number(value: int, language: Language) -> str:
    """A whole number in words: `tweeëntwintig`, `one hundred and five`. Beyond a milliard digit by digit."""
    if value < 0:
        return f"{'min' if language == 'nl' else 'minus'} {number(-value, language)}"
    if value > LARGEST:
        return digits(str(value), language)
    return _stressed(_dutch(value)) if language == "nl" else _english(value)


def count(value: int, one: str, more: str, language: Language) -> str:
    """So many of something: `één bericht`, `twee berichten`, `no messages`."""
    if value == 0:
        return f"{'geen' if language == 'nl' else 'no'} {more}"
    if value == 1:
        return f"{'één' if language == 'nl' else 'one'} {one}"
    return f"{number(value, language)} {more}"


def digits(text: str, language: Language) -> str:
    """Digit by digit, also those of `+`, `*` and `#`; whatever else is there is left out."""
    words = _NL_SMALL if language == "nl" else _EN_SMALL
    said = (words[int(one)] if one.isascii() and one.isdigit() else _SIGNS[language].get(one) for one in text)
    return _stressed(" ".join(one for one in said if one))


def telephone(text: str, language: Language) -> str:
    """A telephone number digit by digit, with a pause where its notation has a space or a dash: `010 238 0095`."""
    parts = [digits(part, language) for part in text.replace("-", " ").split()]
    groups = [piece for part in parts if part for piece in _pieces(part.split())]
    return ", ".join(groups)


def day(when: date, today: date | None, language: Language) -> str:
    """A date as one says it today: `vandaag`, `gisteren`, `dinsdag dertien januari`; and its year where another."""
    if when == today:
        return "vandaag" if language == "nl" else "today"
    if today and when == today - timedelta(days=1):
        return "gisteren" if language == "nl" else "yesterday"
    weekday, month = _DAYS[language][when.weekday()], MONTHS[language][when.month - 1]
    said = f"{weekday} {day_of_month(when.day, language)} {month}"
    return said if today and when.year == today.year else f"{said} {year(when.year, language)}"


def day_of_month(value: int, language: Language) -> str:
    """What comes before the month: `één`; `first of`."""
    return _stressed(_dutch(value)) if language == "nl" else f"{ordinal(value, 'en')} of"


def clock(when: datetime, language: Language) -> str:
    """A time of day: `veertien uur vijf`; `two oh five p m`."""
    if language == "nl":
        return _stressed(f"{_dutch(when.hour)} uur" + (f" {_dutch(when.minute)}" if when.minute else ""))
    half = "a m" if when.hour < 12 else "p m"
    hour = _english(when.hour % 12 or 12)
    if not when.minute:
        return f"{hour} {half}"
    return f"{hour} {'oh ' if when.minute < 10 else ''}{_english(when.minute)} {half}"


def moment(when: datetime, now: datetime, language: Language) -> str:
    """Date and time, as one says it now: `gisteren om veertien uur vijf`. Both in the zone to say them in."""
    said = day(when.date(), now.date(), language)
    return f"{said} {AT[language]} {clock(when, language)}"


def duration(seconds: float, language: Language) -> str:
    """A length of time in minutes and seconds: `één minuut en vijf seconden`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    words = ("minuut", "minuten", "seconde", "seconden", "en")
    if language == "en":
        words = ("minute", "minutes", "second", "seconds", "and")
    said = [count(minutes, words[0], words[1], language)] if minutes else []
    if rest or not minutes:
        said.append(count(rest, words[2], words[3], language))
    return f" {words[4]} ".join(said)


def year(value: int, language: Language) -> str:
    """A year: `tweeduizend zesentwintig`, `negentienhonderd negenennegentig`; `twenty twenty-six`."""
    century, rest = divmod(value, 100)
    if not 1100 <= value < 2100 or (language == "nl" and century == 20) or (language == "en" and 2000 <= value < 2010):
        return number(value, language)
    if language == "nl":
        return f"{_dutch(century)}honderd" + (f" {_dutch(rest)}" if rest else "")
    return f"{_english(century)} {'hundred' if not rest else ('oh ' if rest < 10 else '') + _english(rest)}"


def ordinal(value: int, language: Language) -> str:
    """An ordinal number: `eenentwintigste`, `twenty-first`."""
    if language == "nl":
        words = _dutch(value)
        for ending, said in _NL_ORDINAL.items():
            if words.endswith(ending):
                return words.removesuffix(ending) + said
        # What ends below twenty has -de, everything else -ste: zeventiende, twintigste, honderdste.
        return words + ("de" if 0 < value % 100 < 20 else "ste")
    words = _english(value)
    head, joint, last = words.rpartition("-") if "-" in words else words.rpartition(" ")
    return head + joint + _EN_ORDINAL.get(last, (last[:-1] + "ie" if last.endswith("y") else last) + "th")


def amount(whole: int, cents: int, unit: tuple[str, str, str, str], language: Language) -> str:
    """An amount of money: `twaalf euro vijftig`, `twelve euros and fifty cents`.

    `unit` is what one of them is called, more of them, one hundredth of it and more hundredths.
    """
    one, more, cent, hundredths = unit
    if cents and not whole:
        return count(cents, cent, hundredths, language)
    said = f"{number(whole, language)} {one if whole == 1 else more}"
    if not cents:
        return said
    if language == "nl":
        return f"{said} {number(cents, language)}"
    return f"{said} and {count(cents, cent, hundredths, language)}"


def _stressed(words: str) -> str:
    """A Dutch "een" by itself is an article, and said like one, unless it is stressed."""
    return re.sub(r"\been\b", "één", words)


def _dutch(value: int) -> str:
    if value < 20:
        return _NL_SMALL[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        if not ones:
            return _NL_TENS[tens - 2]
        # Two vowels that are not one sound: tweeëntwintig, drieëntwintig.
        return _NL_SMALL[ones] + ("ën" if ones in (2, 3) else "en") + _NL_TENS[tens - 2]
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return (_NL_SMALL[hundreds] if hundreds > 1 else "") + "honderd" + (_dutch(rest) if rest else "")
    if 1100 <= value < 2000:  # people say twaalfhonderd, not duizend tweehonderd
        return f"{_NL_SMALL[value // 100]}honderd" + (_dutch(value % 100) if value % 100 else "")
    if value < 1_000_000:
        thousands, rest = divmod(value, 1000)
        return (_dutch(thousands) if thousands > 1 else "") + "duizend" + (f" {_dutch(rest)}" if rest else "")
    millions, rest = divmod(value, 1_000_000)
    return f"{_dutch(millions)} miljoen" + (f" {_dutch(rest)}" if rest else "")


def _english(value: int) -> str:
    if value < 20:
        return _EN_SMALL[value]
    if value < 100:
        tens, ones = divmod(value, 10)
        return _EN_TENS[tens - 2] + (f"-{_EN_SMALL[ones]}" if ones else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            many, rest = divmod(value, size)
            joint = " and " if 0 < rest < 100 else " "
            return f"{_english(many)} {name}" + (f"{joint}{_english(rest)}" if rest else "")
    raise AssertionError


def _pieces(words: list[str]) -> list[str]:
    """Digits in pieces of four at most that one can write down, as even as can be."""
    number = -(-len(words) // 4)
    sizes = [len(words) // number + (piece < len(words) % number) for piece in range(number)]
    ends = list(accumulate(sizes))
    return [" ".join(words[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
