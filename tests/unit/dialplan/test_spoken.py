"""Numbers, dates, times and telephone numbers as people say them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan import spoken
from belplan.dialplan.read_aloud import read_aloud

NOON = datetime(2026, 1, 13, 12)


@pytest.mark.parametrize(
    ("value", "dutch", "english"),
    [
        (0, "nul", "zero"),
        (1, "één", "one"),
        (12, "twaalf", "twelve"),
        (22, "tweeëntwintig", "twenty-two"),
        (33, "drieëndertig", "thirty-three"),
        (48, "achtenveertig", "forty-eight"),
        (100, "honderd", "one hundred"),
        (101, "honderdeen", "one hundred and one"),
        (999, "negenhonderdnegenennegentig", "nine hundred and ninety-nine"),
        (1000, "duizend", "one thousand"),
        (1042, "duizend tweeënveertig", "one thousand and forty-two"),
        (21000, "eenentwintigduizend", "twenty-one thousand"),
        (2_000_001, "twee miljoen één", "two million and one"),
        (-5, "min vijf", "minus five"),
    ],
)
def test_numbers(value, dutch, english):
    assert (spoken.number(value, "nl"), spoken.number(value, "en")) == (dutch, english)


@pytest.mark.parametrize(
    ("when", "dutch", "english"),
    [
        (date(2026, 1, 13), "vandaag", "today"),
        (date(2026, 1, 12), "gisteren", "yesterday"),
        (date(2026, 1, 2), "vrijdag twee januari", "Friday second of January"),
        (date(2026, 3, 31), "dinsdag eenendertig maart", "Tuesday thirty-first of March"),
        (date(2025, 12, 20), "zaterdag twintig december tweeduizend vijfentwintig",
         "Saturday twentieth of December twenty twenty-five"),
        (date(1999, 5, 12), "woensdag twaalf mei negentienhonderd negenennegentig",
         "Wednesday twelfth of May nineteen ninety-nine"),
    ],
)  # fmt: skip
def test_days(when, dutch, english):
    today = date(2026, 1, 13)
    assert (spoken.day(when, today, "nl"), spoken.day(when, today, "en")) == (dutch, english)


@pytest.mark.parametrize(
    ("at", "dutch", "english"),
    [
        ("00:00", "nul uur", "twelve a m"),
        ("09:05", "negen uur vijf", "nine oh five a m"),
        ("12:30", "twaalf uur dertig", "twelve thirty p m"),
        ("14:00", "veertien uur", "two p m"),
        ("23:59", "drieëntwintig uur negenenvijftig", "eleven fifty-nine p m"),
    ],
)
def test_times(at, dutch, english):
    when = datetime.fromisoformat(f"2026-01-13T{at}")
    assert (spoken.clock(when, "nl"), spoken.clock(when, "en")) == (dutch, english)


@pytest.mark.parametrize(
    ("number", "dutch"),
    [
        ("06 12345678", "nul zes, één twee drie vier, vijf zes zeven acht"),
        ("010 238 0095", "nul één nul, twee drie acht, nul nul negen vijf"),
        ("+49 30 901820", "plus vier negen, drie nul, negen nul één, acht twee nul"),
        ("201", "twee nul één"),
        ("", ""),
    ],
)
def test_telephone_numbers_come_in_pieces_that_one_can_write_down(number, dutch):
    assert spoken.telephone(number, "nl") == dutch


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Bel 010 238 00 95.", "Bel nul één nul, twee drie acht, nul nul, negen vijf."),
        ("Uw nummer is 06-12345678!", "Uw nummer is nul zes, één twee drie vier, vijf zes zeven acht!"),
        ("Bel +31 10 238 0095 of 112", "Bel plus drie één, één nul, twee drie acht, nul nul negen vijf of 112"),
        ("Open om 08:30, dicht om 17:00 uur", "Open om acht uur dertig, dicht om zeventien uur"),
        ("Tot 2026-01-13.", "Tot dinsdag dertien januari tweeduizend zesentwintig."),
        ("op 24-12-2026", "op donderdag vierentwintig december tweeduizend zesentwintig"),
        ("2026-01-13T14:05:30+01:00", "dinsdag dertien januari tweeduizend zesentwintig om veertien uur vijf"),
        ("Order 12345678", "Order één twee drie vier, vijf zes zeven acht"),
        ("code 0042", "code nul nul vier twee"),
        ("Toets 1 of 22, het kost 12,50 of 1.250 euro", "Toets 1 of 22, het kost 12,50 of 1.250 euro"),
        ("31-02-2026 en 25:10 en 2026-13-40", "31-02-2026 en 25:10 en 2026-13-40"),
        ("versie 10.0.0.1 van https://x.nl/0612345678", "versie 10.0.0.1 van https://x.nl/0612345678"),
        ("0", "0"),
        ("Uw saldo is € 1.234,56.", "Uw saldo is twaalfhonderdvierendertig euro zesenvijftig."),
        ("€ 12,- of €1,00", "twaalf euro of één euro"),
        ("€ 0,05 of -€ 3,50", "vijf cent of min drie euro vijftig"),
        ("EUR 2500", "tweeduizend vijfhonderd euro"),
        ("op 29 februari 2028 en 1 mei", "op negenentwintig februari tweeduizend achtentwintig en één mei"),
        ("de 1e, de 8e, de 21e en de 100ste", "de eerste, de achtste, de eenentwintigste en de honderdste"),
        ("1.000.000 mensen", "één miljoen mensen"),
        ("om 01:01 uur", "om één uur één"),
    ],
)
def test_what_a_text_holds_is_said_as_people_say_it(written, said):
    assert read_aloud(written, "nl") == said


def test_english_texts():
    assert read_aloud("Call 020 7946 0958 at 14:05", "en") == (
        "Call zero two zero, seven nine four six, zero nine five eight at two oh five p m"
    )
    assert read_aloud("at 5:30 pm", "en") == "at 5:30 pm"
    assert read_aloud("Your balance is €1,234.56 or $1", "en") == (
        "Your balance is one thousand two hundred and thirty-four euros and fifty-six cents or one dollar"
    )
    assert read_aloud("the 1st, 22nd and 30th, 29 February 2028", "en") == (
        "the first, twenty-second and thirtieth, twenty-ninth of February twenty twenty-eight"
    )
    assert read_aloud("1,000,000", "en") == "one million"


@pytest.mark.parametrize(
    ("value", "dutch"),
    [
        (1, "eerste"), (2, "tweede"), (3, "derde"), (7, "zevende"), (8, "achtste"), (11, "elfde"), (12, "twaalfde"),
        (18, "achttiende"), (20, "twintigste"), (33, "drieëndertigste"), (80, "tachtigste"), (100, "honderdste"),
        (101, "honderdeerste"), (103, "honderdderde"), (117, "honderdzeventiende"),
    ],
)  # fmt: skip
def test_dutch_ordinal_numbers(value, dutch):
    assert spoken.ordinal(value, "nl") == dutch


def test_counts_and_lengths():
    assert [spoken.count(n, "bericht", "berichten", "nl") for n in (0, 1, 2)] == [
        "geen berichten", "één bericht", "twee berichten",
    ]  # fmt: skip
    assert [spoken.count(n, "message", "messages", "en") for n in (0, 1, 2)] == [
        "no messages", "one message", "two messages",
    ]  # fmt: skip
    assert spoken.duration(65, "nl") == "één minuut en vijf seconden"
    assert spoken.duration(120.2, "en") == "two minutes"
    assert spoken.duration(0, "en") == "no seconds"


@given(st.text(alphabet="0123456789-+:., T()/abc€e", max_size=40))
def test_no_text_is_too_odd(written):
    for language in ("nl", "en"):
        assert isinstance(read_aloud(written, language), str)


@given(st.integers(0, 999_999_999))
def test_every_number_has_words_of_its_own(value):
    for language in ("nl", "en"):
        said = spoken.number(value, language)
        assert said
        assert not any(letter.isdigit() for letter in said)
