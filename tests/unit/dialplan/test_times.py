"""Named times: weekdays, dates, periods and holidays, by the clock on the company's wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan.company import DAYS, TimeCondition
from belplan.dialplan.times import holds

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = {"weekdays": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:30", "to": "17:00"}]}


def condition(**parts: object) -> TimeCondition:
    return TimeCondition.model_validate({"name": "x"} | parts)


def at(text: str) -> datetime:
    """A moment by the clock in Amsterdam."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-12T08:29:59", False),  # a Monday
        ("2026-01-12T08:30:00", True),
        ("2026-01-12T16:59:59", True),
        ("2026-01-12T17:00:00", False),
        ("2026-01-16T12:00:00", True),
        ("2026-01-17T12:00:00", False),  # a Saturday
    ],
)
def test_office_hours(moment, expected):
    assert holds(condition(**OFFICE), at(moment), AMSTERDAM) is expected


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        ("NL", "2026-04-06", True),  # Easter Monday
        ("NL", "2027-03-29", True),  # Easter Monday moves
        ("NL", "2026-04-27", True),  # the King's birthday
        ("NL", "2025-04-26", True),  # and on the Saturday where the 27th is a Sunday
        ("NL", "2025-04-27", False),
        ("NL", "2026-05-14", True),  # Ascension
        ("NL", "2026-07-21", False),
        ("BE", "2026-07-21", True),
        ("DE", "2026-10-03", True),
        ("NL", "2026-12-26", True),
    ],
)
def test_public_holidays_moving_ones_included(country, day, expected):
    assert holds(condition(holidays=country), at(f"{day}T12:00"), AMSTERDAM) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-12-24T14:59", False),
        ("2026-12-24T15:00", True),
        ("2026-12-24T23:59:59", True),
        ("2026-12-25T00:00", False),
        ("2031-12-24T18:00", True),
        ("2026-12-31T00:00", True),
        ("2027-12-31T12:00", False),
    ],
)
def test_dates_of_every_year_and_of_one(moment, expected):
    dates = [{"on": "12-24", "from": "15:00", "to": "24:00"}, {"on": "2026-12-31"}]
    assert holds(condition(dates=dates), at(moment), AMSTERDAM) is expected


def test_a_day_that_only_leap_years_have():
    leap = condition(dates=[{"on": "02-29"}])
    assert holds(leap, at("2028-02-29T12:00"), AMSTERDAM)
    assert not any(holds(leap, at(f"2026-{day}T12:00"), AMSTERDAM) for day in ("02-28", "03-01"))


@pytest.mark.parametrize(
    ("day", "expected"), [("2026-07-12", False), ("2026-07-13", True), ("2026-08-25", True), ("2026-08-26", False)]
)
def test_a_period_includes_both_its_ends(day, expected):
    period = condition(periods=[{"from": "2026-07-13", "to": "2026-08-25"}])
    assert holds(period, at(f"{day}T23:59"), AMSTERDAM) is expected


def test_any_part_is_enough():
    both = condition(**OFFICE, periods=[{"from": "2026-07-13", "to": "2026-08-25"}])
    assert holds(both, at("2026-07-18T03:00"), AMSTERDAM)
    assert holds(both, at("2026-01-12T12:00"), AMSTERDAM)
    assert not holds(condition(), at("2026-01-12T12:00"), AMSTERDAM)


def test_the_hour_that_summer_time_takes_away_holds_nothing():
    night = condition(weekdays=[{"days": ["sun"], "from": "02:00", "to": "03:00"}])
    began = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert not any(holds(night, began + timedelta(minutes=minute), AMSTERDAM) for minute in range(600))


def test_the_hour_that_comes_twice_holds_both_times():
    night = condition(weekdays=[{"days": ["sun"], "from": "02:00", "to": "03:00"}])
    began = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert sum(holds(night, began + timedelta(minutes=minute), AMSTERDAM) for minute in range(600)) == 120


def test_the_caller_of_another_time_zone_is_judged_by_the_companys_clock():
    assert holds(condition(**OFFICE), datetime(2026, 1, 12, 15, 30, tzinfo=UTC), AMSTERDAM)
    assert not holds(condition(**OFFICE), datetime(2026, 1, 12, 16, 30, tzinfo=UTC), AMSTERDAM)


clock = st.integers(0, 1440).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
hours = st.tuples(st.sets(st.sampled_from(DAYS), min_size=1), clock, clock).filter(lambda part: part[1] < part[2])


@given(st.lists(hours, max_size=4), st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))
def test_weekdays_are_what_a_calendar_on_the_wall_says(parts, moment):
    weekdays = [{"days": sorted(days), "from": start, "to": to} for days, start, to in parts]
    wall = moment.astimezone(AMSTERDAM)
    expected = any(
        wall.strftime("%a").lower() in days and start <= wall.strftime("%H:%M") < to for days, start, to in parts
    )
    assert holds(condition(weekdays=weekdays), moment, AMSTERDAM) is expected


day = st.dates(datetime(2024, 1, 1).date(), datetime(2029, 1, 1).date())
special = st.tuples(day, st.booleans(), clock, clock).filter(lambda part: part[2] < part[3])
period = st.tuples(day, day).map(sorted)


@given(
    st.lists(special, max_size=3),
    st.lists(period, max_size=2),
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)),
)
def test_dates_and_periods_are_what_a_list_of_all_their_minutes_says(dates, periods, moment):
    written = [
        {"on": on.strftime("%m-%d" if yearly else "%Y-%m-%d"), "from": start, "to": to}
        for on, yearly, start, to in dates
    ]
    spans = [{"from": start.isoformat(), "to": to.isoformat()} for start, to in periods]
    wall = moment.astimezone(AMSTERDAM)
    minute = wall.strftime("%H:%M")
    expected = any(
        ((wall.month, wall.day) == (on.month, on.day) if yearly else wall.date() == on) and start <= minute < to
        for on, yearly, start, to in dates
    ) or any(
        start + timedelta(days=number) == wall.date()
        for start, to in periods
        for number in range((to - start).days + 1)
    )
    assert holds(condition(dates=written, periods=spans), moment, AMSTERDAM) is expected
