"""The REST API, `/api/v1`: one module for each resource. It describes itself at `/api/v1/openapi.json`."""

from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from belplan import __version__
from belplan.api import (
    account,
    audit,
    browser_phones,
    calls,
    catalogue,
    companies,
    credentials,
    drafts,
    entries,
    event_webhooks,
    examinations,
    gradual,
    metrics,
    now,
    numbers,
    own,
    page_errors,
    people,
    phone_book,
    presence,
    problems,
    prompts,
    provider,
    scenarios,
    session,
    switches,
    tokens,
    trials,
    versions,
    voicemail,
)
from belplan.api.edge import Edge, Pace
from belplan.api.idempotency import PARAMETER, Idempotency
from belplan.api.identity import COOKIES, Needs, operator, who
from belplan.api.page import Page
from belplan.api.parts import NotTakenError, Parts
from belplan.api.signing_in import Attempts

__all__ = ["NotTakenError", "Parts", "create"]

BASE = "/api/v1"
LARGEST_BODY = 1 << 20  # bytes, unless an operation takes more

_RESOURCES = (
    session,
    provider,
    account,
    companies,
    people,
    tokens,
    catalogue,
    drafts,
    presence,
    entries,
    versions,
    trials,
    scenarios,
    examinations,
    gradual,
    credentials,
    phone_book,
    prompts,
    calls,
    numbers,
    own,
    now,
    browser_phones,
    switches,
    voicemail,
    event_webhooks,
    audit,
    page_errors,
)


def create(parts: Parts) -> FastAPI:
    """The whole web application: API, health, and the page."""
    app = FastAPI(
        title="Belplan",
        version=__version__,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        responses={"default": {"model": problems.Problems, "description": "A problem (RFC 9457)."}},
        generate_unique_id_function=_operation_id,
    )
    app.state.parts = parts
    app.state.attempts, app.state.resets = Attempts(), Attempts()
    app.state.trials = Pace(trials.PER_MINUTE)
    app.state.page_errors = (Pace(page_errors.PER_MINUTE), Pace(page_errors.ALL_PER_MINUTE))
    app.state.places = presence.Places()
    app.state.browser_phones = browser_phones.Accounts()
    problems.install(app)
    api = APIRouter(prefix=BASE)
    for resource in _RESOURCES:
        api.include_router(resource.router)
    app.include_router(api)
    app.include_router(browser_phones.socket_router)
    app.include_router(_health(parts))
    if parts.live:
        app.include_router(metrics.router(parts))
    app.router.default = Page(parts.page)  # no route of its own: another method of an address is 405, not 404
    app.openapi = lambda: _document(app)
    app.add_middleware(Idempotency, parts=parts)
    app.add_middleware(Edge, per_minute=parts.per_minute)
    return app


def _health(parts: Parts) -> APIRouter:
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/ready")
    async def ready(response: Response) -> dict[str, bool]:
        """200 once calls can be taken, 503 before."""
        response.status_code = 200 if parts.calls.ready else 503
        return {"ready": parts.calls.ready}

    @router.get("/live")
    async def live() -> dict[str, bool]:
        """200 for as long as this process answers."""
        return {"live": True}

    return router


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with who may do what."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["components"]["securitySchemes"] = {
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIES[1]},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    routes = [route for resource in _RESOURCES for route in resource.router.routes if isinstance(route, APIRoute)]
    guards = {_operation_id(route): _guard(route) for route in routes}
    for path in document["paths"].values():
        if "post" in path:
            path["post"].setdefault("parameters", []).append(PARAMETER)
    for operation in _operations(document):
        guard = guards[operation["operationId"]]
        operation["security"] = [{"cookie": []}, {"bearer": []}] if guard else []
        operation["x-right"] = guard or "anybody"
        for answer in operation["responses"].values():
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            if schema.get("$ref", "").endswith("/Problems"):
                answer["content"] = {problems.MEDIA_TYPE: answer["content"]["application/json"]}
        operation["responses"].pop("422", None)  # as every other problem
    app.openapi_schema = document
    return document


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def _guard(route: APIRoute) -> str:
    """What whoever asks must be: the right in the company, `operator`, `signed-in`, or "" for anybody."""
    found = ""
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependency = waiting.pop()
        if dependency.call is operator:
            return "operator"
        if isinstance(dependency.call, Needs):
            found = dependency.call.right
        elif dependency.call is who:
            found = found or "signed-in"
        waiting += dependency.dependencies
    return found


def _operation_id(route: APIRoute) -> str:
    """`drafts_export`: stable, and no two alike."""
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.name}"
