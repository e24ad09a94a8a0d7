"""What a webhook sends, for programs in any language: JSON Schema (2020-12) and OpenAPI (3.1), written from Call."""

from dataclasses import fields
from typing import Any

from belplan import __version__
from belplan.receiver.call import FIELDS, Call

_HEADERS = (
    ("webhook-id", True, "The same on every try of one step of one call."),
    ("webhook-timestamp", True, "When it was sent: seconds since 1970."),
    (
        "webhook-signature",
        False,
        "Where the plan has a secret: `v1,` and the base64 of HMAC-SHA256 over "
        "`{webhook-id}.{webhook-timestamp}.{body}`; several are between spaces. For a GET, "
        "`GET {path and query}` stands in place of the body.",
    ),
)


def json_schema() -> dict[str, Any]:
    """The schema of the body of a POST."""
    properties: dict[str, Any] = {}
    for one in fields(Call):
        properties[one.name] = {"type": "string", "description": one.metadata["description"]}
        properties[one.name]["examples"] = [one.metadata["example"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Call",
        "description": 'A call that reached a Webhook app. All fields are there, as texts; what is not known is "".',
        "type": "object",
        "properties": properties,
        "required": list(FIELDS),
        "additionalProperties": True,
    }


def openapi() -> dict[str, Any]:
    """The description of a receiver: what the exchange asks of a server."""
    schema = json_schema()
    del schema["$schema"]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "header", "required": required, "description": text, "schema": {"type": "string"}}
        for name, required, text in _HEADERS
    ]
    answers: dict[str, Any] = {
        "2XX": {
            "description": "The answer: a text, which a condition compares, or JSON for `extract`. At most 64 KiB.",
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": "openstaand"},
                "application/json": {"schema": {}, "example": {"status": "openstaand"}},
            },
        },
        "default": {"description": "Not an answer: the variable stays unset, and the call goes on."},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Receiver of Belplan's webhooks",
            "version": __version__,
            "description": "What your server is asked while a caller waits: 2 seconds, unless the plan says more.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/belplan": {
                "description": "Any path; the plan names it.",
                "post": {
                    "operationId": "answerCall",
                    "summary": "A call asks, with its twelve fields.",
                    "parameters": parameters,
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Call"}}},
                    },
                    "responses": answers,
                },
                "get": {
                    "operationId": "answerQuestion",
                    "summary": "A call asks, with what the plan wrote into the query.",
                    "parameters": parameters,
                    "responses": answers,
                },
            }
        },
        "components": {"schemas": {"Call": schema}},
    }
