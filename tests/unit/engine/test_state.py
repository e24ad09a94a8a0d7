"""What a company remembers between calls."""

from datetime import UTC, datetime, timedelta

import pytest

from belplan.dialplan.company import Company, CompanySettings, Diversion
from belplan.engine import state as remembered
from belplan.engine.state import Change, State

NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)
COMPANY = Company(
    id="0" * 32,
    settings=CompanySettings(name="X"),
    diversions=(
        Diversion(name="overleg", code="1", group="dag"),
        Diversion(name="lunch", code="2", group="dag"),
        Diversion(name="storing", code="3"),
    ),
)
OTHER = COMPANY.model_copy(update={"id": "1" * 32})


def test_at_most_one_of_a_group_is_on():
    state = State()
    state.switch(COMPANY, "overleg", True)
    state.switch(COMPANY, "storing", True)
    state.switch(COMPANY, "lunch", True)
    assert [state.is_on(COMPANY, name, NOW) for name in ("overleg", "lunch", "storing")] == [False, True, True]


def test_a_switch_with_an_end_goes_off_by_itself():
    state = State()
    state.switch(COMPANY, "overleg", True, NOW + timedelta(hours=1))
    assert state.is_on(COMPANY, "overleg", NOW + timedelta(minutes=59))
    assert not state.is_on(COMPANY, "overleg", NOW + timedelta(minutes=60))


def test_another_company_has_switches_of_its_own():
    state = State()
    state.switch(COMPANY, "overleg", True)
    assert not state.is_on(OTHER, "overleg", NOW)


def test_a_switch_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        State().switch(COMPANY, "weg", True)


def test_a_time_is_overridden_until_it_ends():
    state = State()
    assert state.override(COMPANY, "open", NOW) is None
    state.set_override(COMPANY, "open", False, NOW + timedelta(hours=3))
    assert state.override(COMPANY, "open", NOW) is False
    assert state.override(COMPANY, "open", NOW + timedelta(hours=3)) is None
    state.set_override(COMPANY, "open", True)
    state.set_override(COMPANY, "open", None)
    assert state.override(COMPANY, "open", NOW) is None


def test_what_is_kept_brings_the_same_memory_back():
    kept: list[Change] = []
    state = State(kept.append)
    state.switch(COMPANY, "overleg", True, NOW + timedelta(hours=1))
    state.set_override(COMPANY, "open", False)
    state.spoke(COMPANY, "31612345678", "201", NOW)
    state.switch(COMPANY, "lunch", True)
    again = State()
    again.restore(kept)
    assert again.changes() == state.changes()
    assert again.last_spoke(COMPANY, "31612345678") == ("201", NOW)
    assert again.is_on(COMPANY, "lunch", NOW)
    assert not again.is_on(COMPANY, "overleg", NOW)


def test_nothing_is_kept_twice():
    kept: list[Change] = []
    state = State(kept.append)
    for _ in range(3):
        state.switch(COMPANY, "storing", True)
    assert len(kept) == 1


def test_of_too_many_numbers_the_one_spoken_to_longest_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_NUMBERS", 2)
    kept: list[Change] = []
    state = State(kept.append)
    for number in ("1", "2", "1", "3"):
        state.spoke(COMPANY, number, "201", NOW)
    again = State()
    again.restore(kept)
    for one in (state, again):
        assert [one.last_spoke(COMPANY, number) is not None for number in "123"] == [True, False, True]


def test_a_number_is_forgotten_when_it_is_asked_for():
    kept: list[Change] = []
    state = State(kept.append)
    state.spoke(COMPANY, "31612345678", "201", NOW)
    state.forget(COMPANY.id, "31612345678")
    state.forget(COMPANY.id, "31600000000")
    assert state.last_spoke(COMPANY, "31612345678") is None
    assert [change.value for change in kept[1:]] == [None]
