"""OpenID4VCI endpoints of the institutions that this node issues for, and their status lists."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from yitong.digest import parse_json
from yitong.errors import YitongError
from yitong.flows.context import Institution
from yitong.flows.issue_licence import give_nonce, issue_credential, metadata_of_issuer, redeem_code, status_token
from yitong.node.build import Node
from yitong.node.web.routes import Routes
from yitong.specs.oid4vci import (
    NO_STORE,
    OAuthError,
    authorization_server_metadata,
    nonce_response,
    read_bearer,
    read_credential_request,
    read_form,
    read_token_request,
)

FORM = "application/x-www-form-urlencoded"
STATUS_TYPE = "application/statuslist+jwt"


def _issuer(node: Node, institution_id: str) -> Institution:
    institution = node.context.institution(institution_id)
    if not institution.may_issue or institution.signing is None:
        raise YitongError("store.not-found", institution_id)
    return institution


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _no_store(body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers=NO_STORE)


def add(routes: Routes, node: Node) -> None:
    """The endpoints of wallets."""
    context = node.context

    @routes.add("GET", "/.well-known/openid-credential-issuer/institutions/{institution_id}", "public")
    async def credential_issuer_metadata(institution_id: str) -> dict[str, Any]:
        """Credential issuer metadata of an institution (OpenID4VCI §12.2)."""
        institution = _issuer(node, institution_id)
        kinds = [context.catalog.kinds[kind] for kind in sorted(institution.may_issue) if kind in context.catalog.kinds]
        return metadata_of_issuer(institution.entity_id, institution.title, kinds)

    @routes.add("GET", "/.well-known/oauth-authorization-server/institutions/{institution_id}", "public")
    async def oauth_server_metadata(institution_id: str) -> dict[str, Any]:
        """Authorization server metadata of an institution (RFC 8414)."""
        entity_id = _issuer(node, institution_id).entity_id
        return authorization_server_metadata(entity_id, token_endpoint=f"{entity_id}/token")

    @routes.add("POST", "/institutions/{institution_id}/token", "token", takes=FORM)
    async def token(institution_id: str, request: Request) -> Response:
        """Exchange a pre-authorized code for an access token (OpenID4VCI §6)."""
        if _media_type(request) != FORM:
            raise OAuthError("invalid_request", "The request is a URL-encoded form.")
        asked = read_token_request(read_form(await request.body()))
        return _no_store(await redeem_code(context, _issuer(node, institution_id), asked))

    @routes.add("POST", "/institutions/{institution_id}/nonce", "public")
    async def nonce(institution_id: str) -> Response:
        """A fresh nonce for a key proof (OpenID4VCI §7)."""
        _issuer(node, institution_id)
        return _no_store(nonce_response(await give_nonce(context)))

    @routes.add("POST", "/institutions/{institution_id}/credential", "token", takes="application/json")
    async def credential(institution_id: str, request: Request) -> Response:
        """Issue the credential that was offered, bound to the wallet's key (OpenID4VCI §8)."""
        bearer = read_bearer(request.headers.get("authorization"))
        if _media_type(request) != "application/json":
            raise OAuthError("invalid_credential_request", "The request is JSON.")
        try:
            body = parse_json(await request.body(), "body")
        except YitongError as error:
            if error.code != "value.not-json":
                raise
            raise OAuthError("invalid_credential_request", "The request is not valid JSON.") from error
        asked = read_credential_request(body)
        return _no_store(await issue_credential(context, _issuer(node, institution_id), bearer, asked))

    @routes.add("GET", "/institutions/{institution_id}/status/{list_number}", "public", gives=STATUS_TYPE)
    async def status_list(institution_id: str, list_number: str) -> Response:
        """The signed status list of an institution (Token Status List §8)."""
        text = await status_token(context, _issuer(node, institution_id), list_number)
        headers = {"Cache-Control": f"public, max-age={context.policy.status_ttl_s}", "Access-Control-Allow-Origin": "*"}
        return Response(text, media_type=STATUS_TYPE, headers=headers)
