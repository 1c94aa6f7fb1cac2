"""Where the database, the files and the secret key of a deployment are: read once, when settings load."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def secret_key(folder: Path) -> str:
    """The deployment's signing key: `HAICAP_SECRET_KEY`, else a file in the data folder made on first use."""
    from_environment = os.environ.get("HAICAP_SECRET_KEY")
    if from_environment:
        return from_environment
    path = folder / "secret-key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another process made it in this very moment
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()


def parse_database_url(url: str) -> dict[str, Any]:
    """A `postgresql://user:password@host:port/name?option=value` URL as Django's DATABASES entry.

    Raises ValueError when the scheme is not PostgreSQL's or no database is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme!r}")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("DATABASE_URL names no database")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def project_folder() -> Path:
    """The folder of the checkout haicap runs from; the current folder when it was installed as a package."""
    checkout = Path(__file__).resolve().parents[4]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def data_folder() -> Path:
    """Where everything that a deployment keeps is: `HAICAP_DATA`, else `data` in the project folder."""
    return Path(os.environ.get("HAICAP_DATA") or project_folder() / "data").resolve()


def current_database(folder: Path) -> str:
    """The database in use: `HAICAP_DATABASE`, else the one that `haicap up` served last, else `haicap`."""
    named = os.environ.get("HAICAP_DATABASE")
    if named:
        return named
    try:
        return (folder / "current-database").read_text().strip() or "haicap"
    except FileNotFoundError:
        return "haicap"


def default_database(folder: Path, *, durable: bool = True) -> dict[str, Any]:
    """The managed database of `DATABASE_URL`, else the embedded one of the data folder.

    Nothing is started here: the embedded server starts at the first connection (see `backend`).
    """
    url = os.environ.get("DATABASE_URL")
    entry = parse_database_url(url) if url else embedded_database(folder, current_database(folder), durable)
    workers_pool = int(os.environ.get("HAICAP_POOL", "0"))
    if workers_pool:
        entry["OPTIONS"]["pool"] = {"min_size": workers_pool, "max_size": workers_pool, "timeout": 10}
    else:
        entry["CONN_MAX_AGE"] = 60
        entry["CONN_HEALTH_CHECKS"] = True
    return entry


def embedded_database(folder: Path, name: str, durable: bool) -> dict[str, Any]:
    """Django's DATABASES entry for a database of the embedded server."""
    return {
        "ENGINE": "haicap.kernel.database.backend",
        "NAME": name,
        "OPTIONS": {},
        "EMBEDDED": {"data_folder": str(folder), "database": name, "durable": durable},
    }


def file_storage(folder: Path) -> dict[str, Any]:
    """Where the bytes of files are kept: S3 when `HAICAP_FILES_BUCKET` is set, else a local folder."""
    bucket = os.environ.get("HAICAP_FILES_BUCKET")
    if bucket:
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "endpoint_url": os.environ.get("HAICAP_FILES_ENDPOINT") or None,
                "file_overwrite": False,
            },
        }
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder / "files"), "base_url": None},
    }
