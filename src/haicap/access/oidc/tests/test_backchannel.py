"""Applications are told of the end of a session: who, once, again until it succeeds, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from haicap.access.models import Account
from haicap.access.oidc import backchannel
from haicap.access.oidc.tests.flows import register
from haicap.kernel import outbox
from haicap.kernel.models import OutboxMessage
from haicap.kernel.outbox import Undeliverable


class Listener:
    """A server of a relying party: keeps what it was sent, answers with `status`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, list[str]]] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                listener.heard.append(parse_qs(body))
                self.send_response(listener.status)
                if listener.status == 302:
                    self.send_header("Location", listener.address + "elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def told(listener: Listener, browser: Client) -> Any:
    """An application that listens, at which the official is signed in."""
    party = register(backchannel_logout_uri=listener.address)
    party.tokens(browser)
    return party


def test_session_end__signed_out__told_once_with_a_signed_token(
    told: Any, listener: Listener, browser: Client, account: Account
) -> None:
    sid = browser.session["sid"]
    published = browser.get("/.well-known/jwks.json").json()
    browser.logout()
    assert outbox.deliver_due() == {"done": 1}
    assert outbox.deliver_due() == {}
    (form,) = listener.heard
    token = form["logout_token"][0]
    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    said = jwt.decode(token, key, ["RS256"], audience=told.client_id, issuer="http://127.0.0.1")
    assert (said["sid"], said["sub"]) == (sid, str(account.pk))


def test_session_end__twice_at_one_application__told_once(
    told: Any, listener: Listener, browser: Client
) -> None:
    told.tokens(browser)
    browser.logout()
    assert outbox.deliver_due() == {"done": 1}
    assert len(listener.heard) == 1


@pytest.mark.parametrize("end", ["session row", "all sessions", "lock"])
def test_session_end__by_somebody_else__told(
    told: Any, listener: Listener, browser: Client, account: Account, end: str
) -> None:
    if end == "session row":
        Session.objects.get(session_key=browser.session.session_key).delete()
    elif end == "all sessions":
        Session.objects.all().delete()
    else:
        account.is_active = False
        account.save()
    outbox.deliver_due()
    assert len(listener.heard) == 1


def test_session_end__another_session__stays(
    told: Any, listener: Listener, browser: Client, account: Account
) -> None:
    other = Client(headers={"host": "127.0.0.1"})
    other.force_login(account)
    tokens = told.tokens(other)
    browser.logout()
    outbox.deliver_due()
    assert len(listener.heard) == 1
    assert told.refresh(tokens["refresh_token"]).status_code == 200


def test_session_end__application_is_down__tried_again(
    told: Any, listener: Listener, browser: Client
) -> None:
    listener.status = 503
    browser.logout()
    outbox.deliver_due()
    message = OutboxMessage.objects.get(topic=backchannel.TOPIC)
    assert (message.state, message.attempts) == ("pending", 1)


@pytest.mark.parametrize("status", [400, 404])
def test_session_end__application_refuses__not_tried_again(
    told: Any, listener: Listener, browser: Client, status: int
) -> None:
    listener.status = status
    browser.logout()
    outbox.deliver_due()
    assert OutboxMessage.objects.get(topic=backchannel.TOPIC).state == "dead"


def test_session_end__redirected__not_followed(told: Any, listener: Listener, browser: Client) -> None:
    listener.status = 302
    browser.logout()
    outbox.deliver_due()
    assert len(listener.heard) == 1
    assert OutboxMessage.objects.get(topic=backchannel.TOPIC).state == "pending"


@pytest.mark.parametrize("address", ["http://10.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd"])
def test_post__address_inside_the_network__never_called(address: str) -> None:
    with pytest.raises(Undeliverable):
        backchannel.post(address, {})


def test_application_without_address__nothing_is_promised(browser: Client) -> None:
    register().tokens(browser)
    browser.logout()
    assert not OutboxMessage.objects.filter(topic=backchannel.TOPIC).exists()
