"""Telephone numbers, in one form: E.164 digits without the plus (`31102380095`), or an internal number as it is.

`010 238 00 95`, `+31 10 238 00 95` and `0031102380095` are one number for a company in the
Netherlands. ITU-T E.164 allows fifteen digits; national rules come from the phonenumbers library.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

_NOTATION = re.compile(r"[\s\-–—./()\u00a0\u2011]")
_TEL = re.compile(r"^(?:tel|sips?):", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]+")

# What networks put in the place of a number that is not given (RFC 3323 4.1, and what carriers send).
ANONYMOUS = frozenset({"", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "anoniem"})

INTERNAL_LENGTH = 6  # most digits of an internal number
KNOWN = 2048  # numbers whose forms are kept: those of companies come again and again, most callers do not


@lru_cache(maxsize=KNOWN)
def bare(text: str) -> str:
    """The number without the marks that people put between digits; a leading + stays."""
    return _NOTATION.sub("", _TEL.sub("", text.strip()).split(";")[0].split("@")[0])


def is_anonymous(text: str) -> bool:
    return bare(text).lower() in ANONYMOUS


@lru_cache(maxsize=KNOWN)
def canonical(text: str, country: str) -> str:
    """Bring a telephone number into its one form.

    `country` (ISO 3166) says how a national number is read. Short numbers (112, 1233) and what is no
    number at all (a SIP account) stay as they are; a withheld number becomes "".
    """
    if is_anonymous(text):
        return ""
    number = bare(text)
    digits = number.removeprefix("+")
    if not _DIGITS.fullmatch(digits):
        return text.strip()
    if number != digits:
        return digits
    if len(digits) <= INTERNAL_LENGTH and not digits.startswith("00"):
        return digits
    if parsed := _parse(digits, country):
        return _e164(parsed)
    return digits


def prefix(text: str, country: str) -> str:
    """The one form of the beginning of a number: `06` is `316` in the Netherlands, `+49` and `0049` are `49`."""
    number = bare(text)
    if number.startswith("+"):
        return number[1:]
    if number.startswith("00"):
        return number[2:]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    trunk = metadata.national_prefix if metadata else None
    code = str(phonenumbers.country_code_for_region(country))
    if trunk:
        return code + number[len(trunk) :] if number.startswith(trunk) else number
    return number if number.startswith(code) else code + number


@lru_cache(maxsize=KNOWN)
def country_of(number: str) -> str | None:
    """The country (ISO 3166) of a number in its one form, or None."""
    parsed = _international(number)
    return phonenumbers.region_code_for_number(parsed) if parsed else None


@lru_cache(maxsize=KNOWN)
def kind_of(number: str) -> str:
    """What a number in its one form is: mobile, fixed, freephone, premium, shared_cost, personal, other, or unknown."""
    parsed = _international(number)
    return _KINDS.get(phonenumbers.number_type(parsed), "other") if parsed else "unknown"


_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.TOLL_FREE: "freephone",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.UNKNOWN: "unknown",
}


def is_dialable(number: str) -> bool:
    """Whether a number in its one form can be dialled to the outside: 3 to 15 digits (ITU-T E.164), no leading zero."""
    return bool(re.fullmatch(r"[1-9][0-9]{2,14}", number))


def knows(country: str) -> bool:
    """Whether this is a country (ISO 3166) whose numbers can be read."""
    return country in phonenumbers.SUPPORTED_REGIONS


def is_emergency(number: str, country: str) -> bool:
    """Whether this is a number of the emergency services there (112, 911): never changed, never refused."""
    return bool(_DIGITS.fullmatch(number)) and phonenumbers.is_emergency_number(number, country)


def is_outside(number: str, country: str) -> bool:
    """Whether a number in its one form is one of the outside: a long one, or a short one of that country (112)."""
    if not is_dialable(number):
        return False
    return len(number) > INTERNAL_LENGTH or is_emergency(number, country) or _is_short(number, country)


def _is_short(number: str, country: str) -> bool:
    try:
        return phonenumbers.is_valid_short_number_for_region(phonenumbers.parse(number, country), country)
    except NumberParseException:
        return False


@lru_cache(maxsize=KNOWN)
def spoken_form(number: str, country: str) -> str:
    """The number as people of that country write it: `010 238 0095` at home, `+49 30 901820` elsewhere."""
    parsed = _international(number)
    if parsed is None:
        return number
    home = phonenumbers.region_code_for_number(parsed) == country
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]


def _international(number: str) -> PhoneNumber | None:
    if not _DIGITS.fullmatch(number) or len(number) <= INTERNAL_LENGTH:
        return None
    try:
        parsed = phonenumbers.parse(f"+{number}")
    except NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def _parse(digits: str, country: str) -> PhoneNumber | None:
    """Read digits without a plus: as they are dialled in `country`, or with a country code in front."""
    try:
        national = phonenumbers.parse(digits, country)
    except NumberParseException:
        national = None
    if national and phonenumbers.is_valid_number(national):
        return national
    return _international(digits) or (national if digits.startswith("0") else None)
