"""Whatever is sent, an answer is one that the OpenAPI document promises, and never a fault of ours."""

import os
from types import SimpleNamespace

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from belplan.api import create
from tests.api.conftest import PLAN

AWAY = ["session_sign_out", "account_password", "companies_remove_company", "now_events", "session_sign_in"]
"""They would sign the one who asks out, take the company away, or never end; other tests ask them."""

REFUSES = positive_data_acceptance  # a plan may be in form and still say nothing that can be done


@pytest.fixture(scope="session")
def sender(server):
    """The administrator of a company with everything in it, and the id."""
    company = server.company("Alles", **PLAN)
    client = server.person("anything@example.nl", "administrator", company)
    assert client("POST", f"/companies/{company}/versions", {}).status_code == 201
    return client, company


@pytest.fixture(scope="session")
def operations(server, sender):
    """The operations of the document, by their ids."""
    client, company = sender
    schema = schemathesis.openapi.from_dict(for_company(client("GET", "/openapi.json").json(), company))
    schema.config.update(base_url=server.url)
    every = [one.ok() for one in schema.get_all_operations()]
    return {one.definition.raw["operationId"]: one for one in every}


def for_company(found, company):
    """The document as somebody of one company asks."""
    for path in found["paths"].values():
        for operation in path.values():
            operation["security"] = []
            # Of a few keys for everything most would be of another request.
            operation["parameters"] = [
                one for one in operation.get("parameters", ()) if one["name"] != "Idempotency-Key"
            ]
            for parameter in operation["parameters"]:
                if parameter["name"] == "company" and parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": [company]}
    return found


IDS = [
    operation["operationId"]
    for path in create(SimpleNamespace(page=None, per_minute=0, live=None)).openapi()["paths"].values()
    for operation in path.values()
]


@pytest.mark.parametrize("name", [one for one in IDS if one not in AWAY])
def test_whatever_is_sent_is_answered_as_the_document_says(name, operations, sender):
    client, _ = sender

    @given(case=operations[name].as_strategy())
    @settings(
        max_examples=int(os.environ.get("BELPLAN_EXAMPLES", "4")),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def probe(case):
        case.call_and_validate(
            headers=client.headers, cookies=client.http.cookies.get_dict(), timeout=20, excluded_checks=[REFUSES]
        )

    probe()
