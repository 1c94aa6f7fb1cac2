"""Attacks on the provider, each a row: refused, nothing given away, the serious ones written down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from haicap.access.models import Account, Grant
from haicap.access.oidc import backchannel, grants, keys, service
from haicap.access.oidc.addresses import is_safe
from haicap.access.oidc.errors import BadAddress, BadApplication
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.tests.flows import AFTER, BACK, Party, answer_of, register
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.kernel.errors import NotAllowed
from haicap.kernel.models import JournalEntry

ISSUER = "http://127.0.0.1"


# --- asking for a code ----------------------------------------------------------------------------------

#: what is asked for instead, and the page (400, nobody is sent anywhere) or the error that goes back
ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("unknown client", {"client_id": "nobody"}, "page"),
    ("NUL in client", {"client_id": "a\0b"}, "page"),
    ("no redirect uri", {"redirect_uri": None}, "page"),
    ("other host", {"redirect_uri": "https://evil.example/callback"}, "page"),
    ("other path", {"redirect_uri": f"{BACK}/x"}, "page"),
    ("query added", {"redirect_uri": f"{BACK}?x=1"}, "page"),
    ("fragment added", {"redirect_uri": f"{BACK}#x"}, "page"),
    ("other letter case", {"redirect_uri": BACK.upper()}, "page"),
    ("user in front", {"redirect_uri": BACK.replace("://", "://app.example.vn@evil.example/")}, "page"),
    ("dots", {"redirect_uri": BACK.replace("callback", "x/../callback")}, "page"),
    ("script", {"redirect_uri": "javascript:alert(1)"}, "page"),
    ("implicit", {"response_type": "token"}, "unsupported_response_type"),
    ("implicit id token", {"response_type": "id_token token"}, "unsupported_response_type"),
    ("hybrid", {"response_type": "code id_token"}, "unauthorized_client"),
    ("no challenge", {"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ("plain challenge", {"code_challenge_method": "plain"}, "invalid_request"),
    ("no method", {"code_challenge_method": None}, "invalid_request"),
    ("foreign scope", {"scope": "openid admin"}, "invalid_scope"),
    ("no openid", {"scope": "profile"}, "invalid_scope"),
    ("prompt none and login", {"prompt": "none login"}, "invalid_request"),
]


@pytest.mark.parametrize(("name", "changed", "expected"), ASKED, ids=[row[0] for row in ASKED])
def test_authorize__bad_request__refused(
    party: Party, browser: Client, name: str, changed: dict[str, Any], expected: str
) -> None:
    answer = party.ask(browser, **changed)
    if expected == "page":
        assert answer.status_code == 400
        assert "Location" not in answer
    else:
        told = answer_of(answer)
        assert told["error"] == expected
        assert answer["Location"].startswith(BACK + "?")
        assert "code" not in told
    assert not Grant.objects.exists()


def test_authorize__parameter_given_twice__refused(party: Party, browser: Client) -> None:
    query = party.ask(browser).wsgi_request.META["QUERY_STRING"]
    answer = browser.get(f"/identity/o/authorize?{query}&redirect_uri=https://evil.example/")
    assert answer.status_code == 400


def test_prompt_none__nobody_there__login_required(party: Party) -> None:
    assert (
        answer_of(party.ask(Client(headers={"host": "127.0.0.1"}), prompt="none"))["error"]
        == "login_required"
    )


def test_prompt_none__never_asked__consent_required(browser: Client, party: Party) -> None:
    party.tokens(browser)
    other = register(own=False, name="Khác")
    # consent or tokens of one application say nothing of another
    assert answer_of(other.ask(browser, prompt="none"))["error"] == "consent_required"


def test_prompt_none__own_application__code_without_a_page(party: Party, browser: Client) -> None:
    assert "code" in answer_of(party.ask(browser, prompt="none"))


def test_max_age__proof_too_old__proof_first(party: Party, browser: Client) -> None:
    session = browser.session
    session["sso_begun"] = real_now().timestamp() - 7200
    session.save()
    assert "code" in answer_of(party.ask(browser, max_age="9000"))
    assert "next=" in party.ask(browser, max_age="3600")["Location"]
    assert answer_of(party.ask(browser, max_age="3600", prompt="none"))["error"] == "login_required"


def test_consent__posted_without_form_token__refused(account: Account) -> None:
    party = register(own=False)
    strict = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    strict.force_login(account)
    page = party.ask(strict)
    assert page.status_code in (200, 302)
    if page.status_code == 200:
        forged = strict.post(
            page.wsgi_request.get_full_path(), {"quyet-dinh": "dong-y", "pham-vi": ["profile"]}
        )
        assert forged.status_code == 400
        assert not Grant.objects.exists()


def test_consent__more_than_was_asked__is_not_given(browser: Client) -> None:
    party = register(own=False)
    page = party.ask(browser, scope="openid")
    answer = browser.post(
        page.wsgi_request.get_full_path(), {"quyet-dinh": "dong-y", "pham-vi": ["haicap", "admin"]}
    )
    assert party.exchange(answer_of(answer)["code"]).json()["scope"] == "openid"


# --- exchanging codes -----------------------------------------------------------------------------------

CODES: list[tuple[str, dict[str, Any], str]] = [
    ("no verifier", {"code_verifier": None}, "invalid_request"),
    ("wrong verifier", {"code_verifier": "w" * 64}, "invalid_grant"),
    ("other redirect uri", {"redirect_uri": AFTER}, "invalid_request"),
    ("no redirect uri", {"redirect_uri": None}, "invalid_grant"),
    ("wrong secret", {"client_secret": "x" * 43}, "invalid_client"),
    ("no secret", {"client_secret": None}, "invalid_client"),
    ("unknown code", {"code": "x" * 30}, "invalid_grant"),
    ("no code", {"code": None}, "invalid_request"),
    (
        "password grant",
        {"grant_type": "password", "username": "a", "password": "b"},
        "unsupported_grant_type",
    ),
    ("client credentials", {"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ("device", {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
]


@pytest.mark.parametrize(("name", "changed", "expected"), CODES, ids=[row[0] for row in CODES])
def test_token__bad_exchange__refused(
    party: Party, browser: Client, name: str, changed: dict[str, Any], expected: str
) -> None:
    answer = party.exchange(**{"code": party.code(browser), **changed})
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == expected


def test_token__code_of_another_application__refused_and_still_good_for_its_own(
    party: Party, browser: Client
) -> None:
    other = register(name="Khác", own=True)
    code = party.code(browser)
    stolen = other.exchange(code, code_verifier=party.verifier)
    assert stolen.json()["error"] == "invalid_grant"
    assert party.exchange(code).status_code == 200


def test_token__name_in_header_and_another_in_the_form__refused(party: Party, browser: Client) -> None:
    other = register(name="Khác", own=True)
    code = party.code(browser)
    basic = base64.b64encode(f"{other.client_id}:{other.secret}".encode()).decode()
    answer = Client(headers={"host": "127.0.0.1", "authorization": f"Basic {basic}"}).post(
        "/identity/o/api/token",
        {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": party.verifier,
         "client_id": party.client_id},
    )  # fmt: skip
    assert answer.json()["error"] == "invalid_client"


def test_token__code_replayed__its_tokens_end_and_it_is_journalled(party: Party, browser: Client) -> None:
    code = party.code(browser)
    tokens = party.exchange(code).json()
    assert party.exchange(code).json()["error"] == "invalid_grant"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert JournalEntry.objects.filter(action="access.replayed_code").count() == 1


def test_token__code_too_old__refused(party: Party, browser: Client) -> None:
    code = party.code(browser)
    Grant.objects.update(made_at=Grant.objects.get().made_at - grants.CODE_LASTS * 2)
    assert party.exchange(code).json()["error"] == "invalid_grant"


def test_refresh__token_replayed__the_family_ends_and_it_is_journalled(party: Party, browser: Client) -> None:
    first = party.tokens(browser)
    second = party.refresh(first["refresh_token"]).json()
    assert party.userinfo(second["access_token"]).status_code == 200
    assert party.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert party.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert party.userinfo(second["access_token"]).status_code == 401
    assert JournalEntry.objects.filter(action="access.replayed_refresh_token").count() == 1


def test_refresh__more_scopes_than_given__refused(party: Party, browser: Client) -> None:
    tokens = party.exchange(party.code(browser, scope="openid")).json()
    assert party.refresh(tokens["refresh_token"], scope="openid haicap").json()["error"] == "invalid_scope"


def test_refresh__by_another_application__refused_and_harmless(party: Party, browser: Client) -> None:
    other = register(name="Khác", own=True)
    tokens = party.tokens(browser)
    assert other.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert other.post("revoke", {"token": tokens["refresh_token"]}).status_code == 200
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_revoke__own_refresh_token__all_of_the_sign_in_ends(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    assert party.post("revoke", {"token": tokens["refresh_token"]}).status_code == 200
    assert party.userinfo(tokens["access_token"]).status_code == 401


def test_public_application__without_secret__pkce_holds(browser: Client) -> None:
    party = register(public=True)
    assert party.secret == ""
    assert (
        answer_of(party.ask(browser, code_challenge=None, code_challenge_method=None))["error"]
        == "invalid_request"
    )
    assert party.exchange(party.code(browser), code_verifier=None).status_code == 400
    assert party.exchange(party.code(browser)).status_code == 200


def test_public_application__comes_with_a_secret__refused(browser: Client) -> None:
    party = register(public=True)
    assert party.exchange(party.code(browser), client_secret="anything").status_code == 401


def test_application_without_pkce__verifier_nobody_asked_for__refused(browser: Client) -> None:
    party = register(without_pkce=True)
    code = party.code(browser, code_challenge=None, code_challenge_method=None)
    assert party.exchange(code).json()["error"] == "invalid_grant"
    code = party.code(browser, code_challenge=None, code_challenge_method=None)
    assert party.exchange(code, code_verifier=None).status_code == 200


# --- tokens that are not what they say ------------------------------------------------------------------


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _none(claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'kid': keys.signing_key().kid})}.{_part(claims)}."


def _confused(claims: dict[str, Any]) -> str:
    """HS256 with the public key as the secret, by hand: no library lets one do it."""
    key = keys.signing_key()
    public = key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _foreign(claims: dict[str, Any]) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, "RS256", {"kid": keys.signing_key().kid})


def _own_jwk(claims: dict[str, Any]) -> str:
    """The attacker's key comes along in the header."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return jwt.encode(claims, key, "RS256", {"jwk": jwk, "kid": keys.signing_key().kid})


def _signed(**changed: Any) -> Callable[[dict[str, Any]], str]:
    return lambda claims: keys.sign({**claims, **changed})


FORGED: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
    ("alg none", _none),
    ("key confusion", _confused),
    ("foreign key", _foreign),
    ("own key in the header", _own_jwk),
    ("wrong issuer", _signed(iss="https://evil.example")),
    ("wrong audience", _signed(aud="another")),
    ("no text of a token", lambda claims: "x.y.z"),
    ("signature cut", lambda claims: keys.sign(claims).rsplit(".", 1)[0] + "."),
]


@pytest.mark.parametrize(("name", "forge"), FORGED, ids=[row[0] for row in FORGED])
def test_id_token_hint__forged__signs_nobody_out_and_lets_nobody_in(
    party: Party, browser: Client, account: Account, name: str, forge: Callable[[dict[str, Any]], str]
) -> None:
    party.tokens(browser)
    claims = {"iss": ISSUER, "aud": party.client_id, "sub": str(account.pk), "sid": browser.session["sid"],
              "iat": int(real_now().timestamp()), "exp": int(real_now().timestamp()) + 300}  # fmt: skip
    token = forge(claims)
    assert browser.get("/identity/o/logout", {"id_token_hint": token}).status_code == 200, "a question"
    assert "_auth_user_id" in browser.session
    answer = browser.get("/identity/o/logout", {"id_token_hint": token, "post_logout_redirect_uri": AFTER})
    assert (answer.status_code, "Location" in answer) == (400, False)
    assert answer_of(party.ask(browser, prompt="none", id_token_hint=token))["error"] == "login_required"
    assert party.userinfo(token).status_code == 401


def test_id_token__as_access_token__opens_nothing(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    assert party.userinfo(tokens["id_token"]).status_code == 401
    assert not party.post("introspect", {"token": tokens["id_token"]}).json()["active"]


def test_userinfo__token_in_the_address__refused(party: Party, browser: Client) -> None:
    tokens = party.tokens(browser)
    answer = Client(headers={"host": "127.0.0.1"}).get(
        "/identity/o/api/userinfo", {"access_token": tokens["access_token"]}
    )
    assert answer.status_code == 401


def test_id_token_hint__of_somebody_else__login_required(
    party: Party, browser: Client, administrator: Client
) -> None:
    tokens = party.tokens(administrator)
    answer = party.ask(browser, prompt="none", id_token_hint=tokens["id_token"])
    assert answer_of(answer)["error"] == "login_required"
    page = browser.get("/identity/o/logout", {"id_token_hint": tokens["id_token"]})
    assert page.status_code == 200
    assert "_auth_user_id" in browser.session


def test_id_token_hint__of_an_older_session__asks_first(
    party: Party, browser: Client, account: Account
) -> None:
    tokens = party.tokens(browser)
    browser.logout()
    browser.force_login(account)
    party.tokens(browser)
    assert browser.get("/identity/o/logout", {"id_token_hint": tokens["id_token"]}).status_code == 200
    assert "_auth_user_id" in browser.session


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        f"{AFTER}x",
        f"{AFTER}/",
        f"{AFTER}?a=1",
        "//evil.example",
        "javascript:alert(1)",
        BACK,
    ],
)
def test_logout__way_back_not_registered__refused(party: Party, browser: Client, address: str) -> None:
    tokens = party.tokens(browser)
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": address}
    answer = browser.get("/identity/o/logout", asked)
    assert answer.status_code == 400
    assert "Location" not in answer


def test_logout__way_back_without_saying_who_asks__refused(browser: Client) -> None:
    assert browser.get("/identity/o/logout", {"post_logout_redirect_uri": AFTER}).status_code == 400


def test_logout__posted_by_another_site__asks_first(party: Party, account: Account) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    strict.force_login(account)
    answer = strict.post("/identity/o/logout", {"quyet-dinh": "ra"})
    assert answer.status_code == 200
    assert "_auth_user_id" in strict.session


def test_logout_token__is_no_id_token(party: Party, browser: Client, account: Account) -> None:
    party.tokens(browser)
    token = backchannel.logout_token(
        party.client_id, str(account.pk), browser.session["sid"], ISSUER, Grant.objects.get().pk
    )
    told = jwt.decode(token, options={"verify_signature": False})
    assert "nonce" not in told
    assert told["events"] == {backchannel.EVENT: {}}
    assert {"iss", "aud", "iat", "exp", "jti", "sub", "sid"} <= set(told)
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    assert browser.get("/identity/o/logout", {"id_token_hint": token}).status_code == 200, "a question"


# --- registering ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.vn/x", True),
        ("https://a.vn:8443/x?y=1", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://[::1]:8000/x", True),
        ("http://localhost/x", True),
        ("http://a.vn/x", False),
        ("http://169.254.169.254/latest", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("https://user:word@a.vn/", False),
        ("https://*.a.vn/", False),
        ("https://a.vn/#x", False),
        ("https://a.vn/../x", False),
        ("https://a.vn\\@evil.example/", False),
        ("https://a.vn/ x", False),
        ("https://a.vn/\r\nX: y", False),
        ("https://а.vn/", False),
        ("https://a.vn:99999/", False),
        ("ftp://a.vn/", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("//a.vn/x", False),
        ("https:///x", False),
        ("", False),
        ("https://a.vn/" + "x" * 500, False),
    ],
)
def test_address__safe_or_not(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"redirect_uris": []}, BadAddress),
        ({"redirect_uris": ["http://a.vn/"]}, BadAddress),
        ({"logout_uris": ["javascript:x"]}, BadAddress),
        ({"backchannel_logout_uri": "http://10.0.0.1/"}, BadAddress),
        ({"redirect_uris": [BACK] * 21}, BadAddress),
        ({"name": " "}, BadApplication),
        ({"name": "x" * 101}, BadApplication),
        ({"scopes": ["profile"]}, BadApplication),
        ({"scopes": ["openid", "admin"]}, BadApplication),
        ({"public": True, "without_pkce": True}, BadApplication),
    ],
)
def test_register_application__bad__refused(db: None, told: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        register(**told)


def test_register_application__without_permission__refused(db: None) -> None:
    with pytest.raises(NotAllowed):
        service.register_application(ANONYMOUS, service.Description(name="x", redirect_uris=[BACK]))
    with pytest.raises(NotAllowed):
        service.rotate_signing_key(ANONYMOUS)
    assert service.applications(SYSTEM).count() == 0
