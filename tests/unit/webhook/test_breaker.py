"""The breaker, at times of our choosing: no clock, no network."""

import pytest

from belplan.webhook.breaker import Breaker
from belplan.webhook.exchange import ExchangeError
from belplan.webhook.policy import Policy


def lets_in(breaker: Breaker, now: float) -> bool:
    try:
        breaker.enter(now)
    except ExchangeError as error:
        return error.reason != "open"
    return True


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(Policy())
    for _ in range(5):
        breaker.enter(now)
        breaker.failed(now)
    assert breaker.state == "open"
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row():
    breaker = Breaker(Policy())
    assert [breaker.failed(0.0) for _ in range(5)] == [False] * 4 + [True]
    assert not lets_in(breaker, 0.0)


def test_a_success_between_starts_the_row_again():
    breaker = Breaker(Policy())
    for _ in range(4):
        breaker.failed(0.0)
    breaker.succeeded(0.0)
    assert not any(breaker.failed(0.0) for _ in range(4))


def test_it_opens_when_half_of_twenty_failed_within_the_window():
    breaker = Breaker(Policy())
    for number in range(19):
        assert not (breaker.failed(number) if number % 2 else breaker.succeeded(number))
    assert breaker.failed(19.0)


def test_what_is_older_than_the_window_does_not_count():
    breaker = Breaker(Policy())
    for _ in range(5):
        for _ in range(2):
            breaker.failed(0.0)
        breaker.succeeded(0.0)
    for number in range(20):
        breaker.succeeded(31.0 + number / 100)
    assert not breaker.failed(32.0)


def test_one_probe_every_five_seconds():
    breaker = opened(0.0)
    assert not lets_in(breaker, 4.9)
    assert lets_in(breaker, 5.0)
    assert not lets_in(breaker, 5.0)
    breaker.failed(6.0)
    assert not lets_in(breaker, 10.9)
    assert lets_in(breaker, 11.0)


def test_no_second_probe_while_the_first_is_under_way():
    breaker = opened(0.0)
    assert lets_in(breaker, 5.0)
    assert not lets_in(breaker, 12.0)


def test_a_probe_that_succeeds_closes_it():
    breaker = opened()
    assert lets_in(breaker, 5.0)
    assert breaker.succeeded(5.1)
    assert breaker.state == "closed"
    assert all(lets_in(breaker, 5.2) for _ in range(10))
    assert not breaker.failed(5.3)  # the failures of before are forgotten


def test_a_probe_without_a_verdict_lets_the_next_one_try():
    breaker = opened()
    assert lets_in(breaker, 5.0)
    breaker.left()
    assert not lets_in(breaker, 9.9)
    assert lets_in(breaker, 10.0)


def test_late_failures_of_before_do_not_end_the_waiting_of_a_probe():
    breaker = opened(0.0)
    breaker.failed(2.0)
    assert breaker.state == "open"
    assert not lets_in(breaker, 6.9)
    assert lets_in(breaker, 7.0)


@pytest.mark.parametrize("rate", [1, 1000])
def test_its_memory_is_bounded(rate):
    breaker = Breaker(Policy())
    for number in range(100 * rate):
        breaker.succeeded(number / rate)
    assert len(breaker._seconds) <= 31
