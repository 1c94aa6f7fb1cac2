"""Apache with mod_auth_openidc from Debian: a relying party that we did not write, run by a test on loopback."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from haicap.kernel.tests.waiting import until

APACHE = "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
WAIT_S = 20

CONFIG = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
{modules}
{user}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex file:{folder} default
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
DocumentRoot {folder}/site
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/protected/redirect_uri
OIDCCryptoPassphrase {secret}
OIDCScope "openid profile email haicap"
OIDCPKCEMethod S256
OIDCUserInfoRefreshInterval 1
OIDCCacheType file
OIDCCacheDir {folder}/cache
OIDCPassClaimsAs environment
<Location /protected/>
    AuthType openid-connect
    Require valid-user
    Header set X-Sub "%{{OIDC_CLAIM_sub}}e"
    Header set X-Agency "%{{OIDC_CLAIM_agency_id}}e"
    Header set X-Unit "%{{OIDC_CLAIM_unit_code}}e"
    Header set X-Former "%{{OIDC_CLAIM_former_unit_codes}}e"
    Header set X-Titles "%{{OIDC_CLAIM_titles}}e"
    Header set X-Access-Token "%{{OIDC_access_token}}e"
</Location>
"""


#: why a test of it is skipped, and how not to
MISSING = (
    "Debian's apache2 and libapache2-mod-auth-openidc are missing: `make test` installs them as root or by sudo "
    "without password; else: sudo apt-get install apache2 libapache2-mod-auth-openidc (requirements/debian.txt)"
)


def is_there() -> bool:
    """Whether Debian's packages are installed."""
    return Path(APACHE).is_file() and (MODULES / "mod_auth_openidc.so").is_file()


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(port: int, issuer: str, client_id: str, secret: str) -> Iterator[Path]:
    """Apache on this port until the block ends; its folder, with error.log."""
    folder = Path(tempfile.mkdtemp(prefix="apache-"))
    try:
        process = _started(folder, port, issuer, client_id, secret)
        try:
            _wait(process, port, folder)
            yield folder
        finally:
            process.terminate()
            process.wait(WAIT_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, port: int, issuer: str, client_id: str, secret: str) -> subprocess.Popen[bytes]:
    folder.chmod(0o755)
    (folder / "site" / "protected").mkdir(parents=True)
    (folder / "site" / "protected" / "index.html").write_text("inside")
    (folder / "site" / "bye.html").write_text("bye")
    (folder / "cache").mkdir()
    as_root = os.geteuid() == 0
    if as_root:
        shutil.chown(folder / "cache", "www-data")
        shutil.chown(folder, "www-data")
    names = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "headers", "auth_openidc")
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names)
    (folder / "apache.conf").write_text(
        CONFIG.format(
            port=port,
            modules=modules,
            user="User www-data\nGroup www-data" if as_root else "",
            folder=folder,
            issuer=issuer,
            client_id=client_id,
            secret=secret,
        )
    )
    log = (folder / "output.log").open("wb")
    return subprocess.Popen(
        [APACHE, "-X", "-d", str(folder), "-f", str(folder / "apache.conf")],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Until Apache takes a connection and answers; its own words when it ends before, or does not in time."""

    def said() -> str:
        files = (folder / "output.log", folder / "error.log")
        return "".join(file.read_text()[-2000:] for file in files if file.is_file())

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"Apache ended with {process.returncode}: {said()}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        try:
            connection.request("GET", "/bye.html")
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    until(answers, WAIT_S, said)
