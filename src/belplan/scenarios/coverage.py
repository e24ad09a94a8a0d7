"""What scenarios do not try: items of a plan that no call of theirs comes to."""

from collections.abc import Iterable

from belplan.dialplan.company import Company
from belplan.dialplan.places import tops
from belplan.engine.cdr import CallRecord


def unwalked(company: Company, records: Iterable[CallRecord]) -> list[str]:
    """The paths of the items that no call came to, from the top of the plan file."""
    walked = {step.path for record in records for step in record.trace}
    return [spot.path for top in tops(company) for spot in top.everything if spot.path not in walked]


def items(company: Company) -> int:
    """How many items a company's routes have."""
    return sum(len(top.everything) for top in tops(company))
