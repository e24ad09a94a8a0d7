"""What can go wrong with a customer's server, as a drill says it."""

from collections.abc import Iterable

from belplan.dialplan.company import Company
from belplan.dialplan.places import tops
from belplan.dialplan.problem import did_you_mean, listed
from belplan.dialplan.route import AppSettings
from belplan.replay.past import Fault, Faulty

RUBBISH = "<!doctype html><title>Error</title>"
"""What a broken web server says with status 200."""

DOWN = Fault()


def slow(seconds: float) -> Fault:
    """It takes so many seconds longer than it does."""
    return Fault(seconds, slower=True)


def rubbish(text: str = RUBBISH) -> Fault:
    """It answers, and not what the plan knows."""
    return Fault(text=text)


def named(company: Company) -> dict[str, AppSettings]:
    """The webhooks of a company by path."""
    return {spot.path: spot.app for top in tops(company) for spot in top.everything if spot.app.app_name == "webhook"}


def chosen(company: Company, names: Iterable[str]) -> frozenset[str]:
    """The paths of webhooks that are named by a variable or a path; of all, where none is. Raises ValueError."""
    found = named(company)
    variables = {path: {name for name, _ in app.sets()} for path, app in found.items()}
    wanted = list(names)
    if not wanted:
        return frozenset(found)
    paths: set[str] = set()
    for name in wanted:
        here = {path for path in found if path == name or name in variables[path]}
        if not here:
            known = sorted({word for words in variables.values() for word in words} or found)
            raise ValueError(f"no webhook sets {name}{did_you_mean(name, known)}; there are {listed(known)}")
        paths |= here
    return frozenset(paths)


def failing(paths: frozenset[str], fault: Fault) -> Faulty:
    """These webhooks fail in this way, in every call."""
    return lambda app, path: fault if path in paths else None
