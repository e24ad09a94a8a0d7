"""One server for all tests of the API; each test makes companies and people of its own."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.api.serving import Client, Server, serving

PLAN = {
    "users": [
        {"name": "Anna", "number": "201", "phones": [{"username": "anna"}]},
        {"name": "Bram", "number": "202", "phones": [{"username": "bram"}]},
    ],
    "ring_groups": [{"name": "Finance", "number": "301", "members": ["201", "202"]}],
    "dial_plans": [
        {
            "name": "Hoofdnummer",
            "internal_number": "1003",
            "external_numbers": ["31102380095"],
            "route": [
                {"webhook": {"method": "POST", "url": "https://crm.example.nl/belplan", "save_as": "klant"}},
                {"condition": {"variable": "klant", "equals": "openstaand", "then": [{"connect": {"to": "301"}}]}},
                {"connect": {"to": "201"}},
            ],
        }
    ],
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


_numbers = itertools.count(1)


@pytest.fixture
def company(server: Server) -> str:
    """A company of two people, a group and a dial plan that asks a webhook."""
    return server.company(f"Voorbeeld {next(_numbers)}", **PLAN)


@pytest.fixture
def member(server: Server, company: str) -> Callable[[str], Client]:
    """`member("editor")`: somebody of that role in the company, signed in."""
    return lambda role: server.person(f"{role}{next(_numbers)}@example.nl", role, company)
