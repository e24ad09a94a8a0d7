"""Telephone numbers in one form, whatever notation they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan.numbers import (
    canonical,
    country_of,
    is_anonymous,
    is_dialable,
    is_emergency,
    kind_of,
    prefix,
    spoken_form,
)


@pytest.mark.parametrize(
    "written",
    [
        "010 238 00 95",
        "+31 10 238 00 95",
        "0031102380095",
        "31102380095",
        "(010) 238-00-95",
        "010/238.00.95",
        "010\u00a0238\u201100\u201195",
        " 0102380095 ",
        "tel:+31-10-238-0095",
        "tel:+31102380095;phone-context=x",
        "sip:0102380095@pbx.example",
    ],
)
def test_one_number_in_many_notations(written: str):
    assert canonical(written, "NL") == "31102380095"


@pytest.mark.parametrize(
    ("written", "country", "meant"),
    [
        ("02 123 45 67", "BE", "3221234567"),
        ("030 901820", "DE", "4930901820"),
        ("(212) 555-0123", "US", "12125550123"),
        ("020 7946 0000", "GB", "442079460000"),
        ("+49 30 901820", "NL", "4930901820"),
        ("0049 30 901820", "NL", "4930901820"),
        ("0900-1234", "NL", "319001234"),
    ],
)
def test_national_numbers_are_read_by_the_rules_of_the_country(written: str, country: str, meant: str):
    assert canonical(written, country) == meant


@pytest.mark.parametrize("written", ["112", "201", "1233", "14010", "007"])
def test_short_numbers_stay_as_they_are(written: str):
    assert canonical(written, "NL") == written


@pytest.mark.parametrize("written", ["anna", "anna.de-boer", "+", "٠١٠٢٣٨٠٠٩٥"])
def test_what_is_no_number_stays_as_it_is(written: str):
    assert canonical(written, "NL") == written
    assert not is_dialable(canonical(written, "NL"))


@pytest.mark.parametrize(
    "written", ["", " ", "anonymous", "Anonymous", "RESTRICTED", "anoniem", "sip:anonymous@invalid"]
)
def test_a_withheld_number_is_empty(written: str):
    assert is_anonymous(written)
    assert canonical(written, "NL") == ""


@pytest.mark.parametrize(
    ("beginning", "country", "meant"),
    [("06", "NL", "316"), ("+49", "NL", "49"), ("0049", "NL", "49"), ("02", "BE", "322"), ("06 1", "NL", "3161")],
)
def test_the_beginning_of_a_number_has_one_form_too(beginning: str, country: str, meant: str):
    assert prefix(beginning, country) == meant


def test_the_beginning_of_a_number_begins_that_number():
    assert canonical("0612345678", "NL").startswith(prefix("06", "NL"))
    assert canonical("004930901820", "NL").startswith(prefix("+49", "NL"))


@pytest.mark.parametrize(
    ("number", "kind", "country"),
    [
        ("31612345678", "mobile", "NL"),
        ("31102380095", "fixed", "NL"),
        ("318001234", "freephone", "NL"),
        ("319001234", "premium", "NL"),
        ("4930901820", "fixed", "DE"),
        ("201", "unknown", None),
        ("anna", "unknown", None),
        ("", "unknown", None),
        ("99999999999", "unknown", None),
    ],
)
def test_what_a_number_is_and_where(number: str, kind: str, country: str | None):
    assert kind_of(number) == kind
    assert country_of(number) == country


def test_emergency_numbers():
    assert is_emergency("112", "NL")
    assert is_emergency("911", "US")
    assert not is_emergency("201", "NL")
    assert not is_emergency("anna", "NL")


def test_people_write_numbers_of_their_own_country_without_its_code():
    assert spoken_form("31102380095", "NL") == "010 238 0095"
    assert spoken_form("4930901820", "NL") == "+49 30 901820"
    assert spoken_form("201", "NL") == "201"


@given(st.text(max_size=40), st.sampled_from(["NL", "BE", "DE", "US", "IT"]))
def test_any_text_has_a_form_and_that_form_is_its_own(text: str, country: str):
    once = canonical(text, country)
    kind_of(once), country_of(once), spoken_form(once, country), is_emergency(once, country), prefix(text, country)
    assert not is_dialable(once) or once.isascii()


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_an_international_number_is_its_digits(number: str):
    assert canonical(number, "NL") == number[1:]
