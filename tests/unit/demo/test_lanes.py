"""The ladder as it is drawn."""

import io

from rich.console import Console

from belplan.demo.lanes import Lanes


def drawn(width: int = 100):
    """Lanes on a page, and a function that gives the page's lines."""
    page = io.StringIO()
    lanes = Lanes(Console(file=page, width=width, highlight=False), clock=iter(range(100)).__next__)
    return lanes, lambda: [line.rstrip() for line in page.getvalue().splitlines()]


def test_an_arrow_crosses_the_lanes_between():
    lanes, lines = drawn()
    lanes.arrow("Belplan", "phones", "INVITE")
    lanes.arrow("phones", "CRM", "POST")
    assert lines() == [
        "  0.000     │           ├──────────┼──────────▶    INVITE",
        "  1.000     │           │          ◀──────────┤    POST",
    ]


def test_times_count_from_the_beginning_of_each_ladder():
    lanes, lines = drawn()
    lanes.begin("1. First")
    lanes.point("CRM", "asked")
    lanes.begin("2. Second")
    lanes.point("CRM", "asked")
    assert [line.split()[0] for line in lines() if line.endswith("asked")] == ["1.000", "1.000"]


def test_the_lane_of_what_is_down_is_broken_off():
    lanes, lines = drawn()
    lanes.silent = "CRM"
    lanes.point("Belplan", "goes on", mark="✗")
    assert lines() == ["  0.000     │           ✗                     │    goes on"]


def test_long_text_stays_in_its_column_and_nothing_is_wider_than_the_page():
    lanes, lines = drawn(width=80)
    lanes.both_ways("caller", "phones", " ".join(["sound"] * 20), "green")
    lanes.aside("x" * 200)
    assert len(lines()) > 5
    assert all(len(line) <= 80 for line in lines())
    assert lines()[1].startswith("            │           │          │          │    sound")
