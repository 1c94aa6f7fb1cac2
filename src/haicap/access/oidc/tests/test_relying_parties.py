"""Relying parties that we did not write sign in, refresh through a cut-over, and sign out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
import requests
from authlib import jose
from authlib.integrations import requests_client as client
from authlib.oidc import core as oidc

from haicap.access.models import Account
from haicap.access.oidc import service
from haicap.access.oidc.tests import apache
from haicap.access.oidc.tests.flows import Party, register
from haicap.access.tests import accounts
from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.tests.waiting import until
from haicap.registry.models import Appointment, Desk, Holding
from haicap.registry.tests.places import NOW, Places, make_places

POST = ("20194", "cong_chuc_mot_cua", "tt_pvhcc")
WAIT_S = 20


@pytest.fixture
def province(live_server: Any) -> Iterator[Places]:
    """The small province behind a server, by the deployment's shifted clock."""
    clock.set_deployment_shift(NOW - clock.now())
    yield make_places()
    clock.set_deployment_shift(timedelta(0))


@pytest.fixture
def account(province: Places) -> Account:
    """An official who knows the password."""
    account = accounts.account_of(province.appointment(*POST))
    account.set_password(accounts.PASSWORD)
    account.save()
    return account


def carry_desk(places: Places) -> Any:
    """A cut-over in small: the agency of another commune holds this official's desk now."""
    heir = places.agency("20196", "tt_pvhcc")
    desk = Desk.objects.get(posts=Appointment.objects.get(pk=places.appointment(*POST)).post_id)
    with journal.act(SYSTEM, "test.re_hold") as act:
        Holding.objects.create(desk=desk, agency_id=heir, begins_at=clock.now() - timedelta(minutes=1))
        act.changed("registry.holding", None, None, {"agency": heir})
    return heir


def through_the_door(visitor: Any, page: Any, account: Account) -> Any:
    """Fill in the sign-in form that a visitor was led to, as a person does."""
    assert "/dang-nhap/" in page.url, page.url
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    fields |= {"login": account.username, "password": accounts.PASSWORD}
    return visitor.post(page.url, data=fields, headers={"Referer": page.url}, timeout=WAIT_S)


@pytest.mark.skipif(not apache.is_there(), reason=apache.MISSING)
@pytest.mark.django_db(transaction=True)
def test_mod_auth_openidc__sign_in_refresh_logout_and_told_of_the_end(
    live_server: Any, province: Places, account: Account
) -> None:
    port = apache.free_port()
    base = f"http://127.0.0.1:{port}"
    inside, back = f"{base}/protected/index.html", f"{base}/protected/redirect_uri"
    party = register(
        redirect_uris=[back],
        logout_uris=[f"{base}/bye.html"],
        backchannel_logout_uri=f"{back}?logout=backchannel",
    )
    with apache.running(port, live_server.url, party.client_id, party.secret) as folder:
        visitor = requests.Session()

        def log() -> str:
            return (folder / "error.log").read_text()[-3000:]

        page = through_the_door(visitor, visitor.get(inside, timeout=WAIT_S), account)
        assert page.url == inside, (page.url, page.text[:2000], log())
        assert page.headers["X-Sub"] == str(account.pk)
        assert page.headers["X-Unit"] == "20194"
        assert page.headers["X-Former"] == "20195,20196"
        assert page.headers["X-Agency"] == str(province.agency("20194", "tt_pvhcc"))

        # the cut-over, and a refresh of the tokens: the claims are those of the new agency
        heir = carry_desk(province)
        old_token = page.headers["X-Access-Token"]
        refreshed = visitor.get(
            f"{back}?refresh={quote(inside, safe='')}&access_token={quote(old_token)}", timeout=WAIT_S
        )
        assert refreshed.status_code == 200, log()
        assert "error_code" not in refreshed.url, log()
        assert refreshed.headers["X-Access-Token"] != old_token
        # Apache asks userinfo again by itself, one second after the last time (OIDCUserInfoRefreshInterval)
        until(lambda: visitor.get(inside, timeout=WAIT_S).headers.get("X-Agency") == str(heir), WAIT_S, log)

        # signing out there signs out here
        gone = visitor.get(f"{back}?logout={quote(base + '/bye.html', safe='')}", timeout=WAIT_S)
        assert gone.url == f"{base}/bye.html", (gone.url, log())
        again = visitor.get(inside, timeout=WAIT_S)
        assert "/dang-nhap/" in again.url

        # signing out here ends Apache's session, by the call of the server
        page = through_the_door(visitor, again, account)
        assert page.url == inside
        cookies_of_apache = {one.name: one.value for one in visitor.cookies if one.domain == "127.0.0.1"}
        outbox.deliver_due()
        door = visitor.get(f"{live_server.url}/tai-khoan/vao/", timeout=WAIT_S)
        csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', door.text)
        assert csrf
        form = {"csrfmiddlewaretoken": csrf[1]}
        visitor.post(
            f"{live_server.url}/dang-xuat/", data=form, headers={"Referer": door.url}, timeout=WAIT_S
        )
        alone = requests.get(inside, cookies=cookies_of_apache, allow_redirects=False, timeout=WAIT_S)
        assert alone.status_code == 200, "nobody has told Apache yet"
        assert outbox.deliver_due() == {"done": 1}, log()
        alone = requests.get(inside, cookies=cookies_of_apache, allow_redirects=False, timeout=WAIT_S)
        assert alone.status_code == 302
        assert "/identity/o/authorize" in alone.headers["Location"]


@pytest.mark.django_db(transaction=True)
def test_authlib__sign_in_refresh_new_key_and_logout(
    live_server: Any, province: Places, account: Account
) -> None:
    back, bye = "http://127.0.0.1:9/callback", "http://127.0.0.1:9/bye"
    party: Party = register(redirect_uris=[back], logout_uris=[bye])
    about = requests.get(f"{live_server.url}/.well-known/openid-configuration", timeout=WAIT_S).json()
    session = client.OAuth2Session(
        party.client_id,
        party.secret,
        scope="openid profile haicap",
        redirect_uri=back,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )
    visitor = requests.Session()
    verifier = "v" * 64
    address, state = session.create_authorization_url(
        about["authorization_endpoint"], code_verifier=verifier, nonce="n-1"
    )
    page = visitor.get(address, timeout=WAIT_S)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    fields |= {"login": account.username, "password": accounts.PASSWORD}
    answer = visitor.post(
        page.url, data=fields, headers={"Referer": page.url}, allow_redirects=False, timeout=WAIT_S
    )
    while not answer.headers.get("Location", "").startswith(back):
        assert answer.status_code == 302, answer.text[:2000]
        onward = urljoin(answer.url, answer.headers["Location"])
        answer = visitor.get(onward, allow_redirects=False, timeout=WAIT_S)
    came = answer.headers["Location"]
    assert parse_qs(urlsplit(came).query)["iss"] == [about["issuer"]]
    tokens = session.fetch_token(
        about["token_endpoint"], authorization_response=came, code_verifier=verifier, state=state
    )

    def checked(token: str, **expected: Any) -> Any:
        keys = jose.JsonWebKey.import_key_set(requests.get(about["jwks_uri"], timeout=WAIT_S).json())
        claims = jose.JsonWebToken(["RS256"]).decode(
            token,
            keys,
            claims_cls=oidc.CodeIDToken,
            claims_options={"iss": {"value": about["issuer"]}, "aud": {"value": party.client_id}},
            claims_params={"client_id": party.client_id, **expected},
        )
        claims.validate()
        return claims

    told = checked(tokens["id_token"], nonce="n-1", access_token=tokens["access_token"])
    assert told["sub"] == str(account.pk)
    assert session.get(about["userinfo_endpoint"]).json()["unit_code"] == "20194"

    # a new key in between, and a cut-over: the next refresh is signed anew and tells of the new agency
    service.rotate_signing_key(SYSTEM, at_once=True)
    heir = carry_desk(province)
    fresh = session.refresh_token(about["token_endpoint"], refresh_token=tokens["refresh_token"])
    told = checked(fresh["id_token"], access_token=fresh["access_token"])
    assert told["agency_id"] == str(heir)
    assert session.get(about["userinfo_endpoint"]).json()["agency_id"] == str(heir)
    with pytest.raises(jose.errors.JoseError if hasattr(jose.errors, "JoseError") else Exception):
        checked(told_wrong(fresh["id_token"]))

    gone = visitor.get(
        about["end_session_endpoint"],
        params={"id_token_hint": fresh["id_token"], "post_logout_redirect_uri": bye, "state": "x"},
        allow_redirects=False,
        timeout=WAIT_S,
    )
    assert gone.headers["Location"] == f"{bye}?state=x"
    refused = requests.post(
        about["token_endpoint"],
        data={"grant_type": "refresh_token", "refresh_token": fresh["refresh_token"]},
        auth=(party.client_id, party.secret),
        timeout=WAIT_S,
    )
    assert refused.json()["error"] == "invalid_grant"


def told_wrong(token: str) -> str:
    """The token with another signature."""
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[::-1]}"
