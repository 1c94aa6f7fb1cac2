"""A relying party for tests: asks for codes and exchanges them, rightly or wrongly."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client as Browser

from haicap.access.oidc import service
from haicap.kernel.actor import SYSTEM

BACK = "https://app.example.vn/callback"
AFTER = "https://app.example.vn/bye"
SCOPES = "openid profile email haicap"


def s256(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass
class Party:
    """A registered application and what it keeps."""

    client_id: str
    secret: str
    application_id: Any
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def ask(self, browser: Browser, **changed: Any) -> Any:
        """The answer of the authorisation endpoint; None takes a parameter away."""
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": BACK,
            "scope": SCOPES,
            "state": "st",
            "nonce": "no",
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
            **changed,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return browser.get(f"/identity/o/authorize?{query}")

    def code(self, browser: Browser, **changed: Any) -> str:
        """A code, for an application that asks for no consent."""
        return str(answer_of(self.ask(browser, **changed))["code"])

    def post(self, address: str, data: dict[str, Any], **changed: Any) -> Any:
        """A request of the application itself, without a browser's cookies."""
        form = {"client_id": self.client_id, "client_secret": self.secret, **data, **changed}
        sent = {name: value for name, value in form.items() if value not in (None, "")}
        return Browser(headers={"host": "127.0.0.1"}).post(f"/identity/o/api/{address}", sent)

    def exchange(self, code: str, **changed: Any) -> Any:
        """The token endpoint's answer to a code."""
        data = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        return self.post("token", data, **changed)

    def refresh(self, token: str, **changed: Any) -> Any:
        """The token endpoint's answer to a refresh token."""
        return self.post("token", {"grant_type": "refresh_token", "refresh_token": token}, **changed)

    def userinfo(self, token: str) -> Any:
        """The answer of userinfo."""
        browser = Browser(headers={"host": "127.0.0.1", "authorization": f"Bearer {token}"})
        return browser.get("/identity/o/api/userinfo")

    def tokens(self, browser: Browser) -> dict[str, Any]:
        """All tokens of a sign-in."""
        answer = self.exchange(self.code(browser))
        assert answer.status_code == 200, answer.content
        return dict(answer.json())


def register(**told: Any) -> Party:
    """An application of the province's own, so that nobody is asked."""
    given = {
        "name": "Thư điện tử",
        "redirect_uris": [BACK],
        "logout_uris": [AFTER],
        "own": True,
        **told,
    }
    row, secret = service.register_application(SYSTEM, service.Description(**given))
    return Party(row.client_id, secret, row.pk)


def answer_of(response: Any) -> dict[str, str]:
    """What a redirect brings back to the application."""
    assert response.status_code == 302, (response.status_code, response.content[:2000])
    return {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
