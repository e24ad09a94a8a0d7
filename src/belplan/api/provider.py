"""Signing in with an identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636).

Nobody is made here: whoever comes must be known or invited, under the address that the provider has verified. What
must be remembered between going and coming back is in a sealed cookie, so that any server can take them back.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, Request
from httpx2 import HTTPError, InvalidURL
from joserfc.errors import JoseError
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from belplan.api.identity import WithParts, keep_session
from belplan.api.parts import Parts
from belplan.api.problems import not_found
from belplan.settings import Provider
from belplan.store.companies import UnknownError
from belplan.store.database import DatabaseAwayError
from belplan.store.vault import KeyFileError

GOING = 600  # seconds that somebody may take at the provider
PATIENCE = 10.0  # seconds for each request to the provider
SIGNED = ("RS", "ES", "PS", "Ed")  # signatures with a private key (RFC 7518 3.1, RFC 8037)
COOKIES = ("__Host-belplan-going", "belplan-going")  # over TLS, and on plain loopback
CALLBACK = "/session/provider/callback"

router = APIRouter(tags=["session"])

_log = structlog.get_logger()


class Ways(BaseModel):
    """How people sign in here: with a password, and with a provider of this name, where there is one."""

    password: bool
    provider: str | None


class NoClaimError(Exception):
    """The provider does not say what is needed of whoever came."""


class IdentityProvider:
    """The provider of this installation, asked when somebody wants to sign in."""

    def __init__(self, provider: Provider, callback: str) -> None:
        self._issuer = provider.issuer
        self._client = OAuth().register(
            "provider",
            client_id=provider.client_id,
            client_secret=provider.client_secret or None,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "timeout": PATIENCE},
        )
        self._client_id = provider.client_id
        self._callback = callback

    async def _known(self) -> None:
        """Have what the provider says of itself. Raises HTTPError, OAuthError."""
        found = cast("dict[str, Any]", await self._client.load_server_metadata())
        # OpenID Connect Discovery 4.3: the document must be of the issuer that was asked for.
        if found.get("issuer") != self._issuer:
            found.clear()
            raise OAuthError("issuer", "the provider calls itself otherwise; write BELPLAN_OIDC_ISSUER as it does")
        # A token that is not signed with a key of the provider's own is nobody's word.
        signed = found.get("id_token_signing_alg_values_supported", ())
        found["id_token_signing_alg_values_supported"] = [name for name in signed if name.startswith(SIGNED)]

    async def send(self, request: Request) -> RedirectResponse:
        """Where somebody goes to sign in. `request.session` then has what must be kept.

        Raises HTTPError, OAuthError.
        """
        await self._known()
        return cast("RedirectResponse", await self._client.authorize_redirect(request, self._callback))

    async def receive(self, request: Request) -> str:
        """The verified address of whoever came back.

        Raises OAuthError, JoseError, HTTPError where the provider or the browser says anything that does not fit, and
        NoClaimError without a verified address.
        """
        expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        await self._known()
        token = cast("dict[str, Any]", await self._client.authorize_access_token(request, claims_options=expected))
        claims = cast("Mapping[str, Any]", token.get("userinfo") or {})
        if not claims:
            raise NoClaimError("no ID token")
        if "email" not in claims:
            said = cast("Mapping[str, Any]", await self._client.userinfo(token=token))
            if said.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
                raise NoClaimError("userinfo of somebody else")
            claims = said
        if not isinstance(claims.get("email"), str) or claims.get("email_verified") not in (True, "true"):
            raise NoClaimError("no verified e-mail address")
        return claims["email"]


@router.get("/session/ways")
async def ways(parts: WithParts) -> Ways:
    """How people sign in here."""
    return Ways(password=parts.passwords, provider=parts.provider.name if parts.provider else None)


@router.get("/session/provider", status_code=303, response_class=RedirectResponse)
async def go(request: Request, parts: WithParts) -> RedirectResponse:
    """Go and sign in with the identity provider."""
    provider = _provider(request, parts)
    request.scope["session"] = {}
    try:
        found = await provider.send(request)
    except (HTTPError, InvalidURL, OAuthError, ValueError, RuntimeError) as error:
        return _back(parts, "away", error)
    kept = parts.vault.seal(json.dumps(request.session), "going").hex()
    # Lax: it must come back with whoever is sent from the provider's page to ours.
    found.set_cookie(_cookie(parts), kept, max_age=GOING, path="/", httponly=True, secure=_tls(parts), samesite="lax")
    found.status_code = 303
    return found


@router.get(CALLBACK, status_code=303, response_class=RedirectResponse)
async def come_back(request: Request, parts: WithParts) -> RedirectResponse:
    """Where the provider sends whoever signed in there."""
    provider = _provider(request, parts)
    try:
        sealed = bytes.fromhex(request.cookies.get(_cookie(parts), ""))
        request.scope["session"] = json.loads(parts.vault.open_sealed(sealed, "going"))
    except (ValueError, KeyFileError):
        request.scope["session"] = {}
    try:
        email = await provider.receive(request)
        person = await parts.people.by_email(email)
    except UnknownError:
        return _back(parts, "unknown")
    except (HTTPError, InvalidURL, DatabaseAwayError) as error:
        return _back(parts, "away", error)
    except (OAuthError, JoseError, NoClaimError, ValueError, RuntimeError) as error:
        return _back(parts, "refused", error)
    found = _back(parts)
    await parts.audit.write(person.name, "session.by_provider", target=person.email)
    await keep_session(parts, person, found)
    return found


def _provider(request: Request, parts: Parts) -> IdentityProvider:
    if parts.provider is None:
        raise not_found()
    state = request.app.state
    if not hasattr(state, "provider"):
        state.provider = IdentityProvider(parts.provider, f"{parts.url}/api/v1{CALLBACK}")
    return state.provider


def _back(parts: Parts, why: str = "", error: Exception | None = None) -> RedirectResponse:
    """To the page, which says why somebody is not signed in."""
    if error:
        # What an identity provider says may hold addresses and tokens: only the kind of error is logged.
        _log.warning("provider.refused", why=why, error=getattr(error, "error", "") or type(error).__name__)
    found = RedirectResponse(f"/?sign-in={why}" if why else "/", 303)
    found.delete_cookie(_cookie(parts), path="/", secure=_tls(parts), httponly=True, samesite="lax")
    return found


def _tls(parts: Parts) -> bool:
    return parts.url.startswith("https://")


def _cookie(parts: Parts) -> str:
    return COOKIES[0] if _tls(parts) else COOKIES[1]
