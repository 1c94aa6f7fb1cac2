"""The database that the settings in force point to, embedded or managed."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from haicap.kernel.database import embedded
from haicap.kernel.database.cluster import Cluster
from haicap.kernel.database.errors import ManagedServer
from haicap.kernel.database.messages import gettext as _


def is_embedded() -> bool:
    """Whether the embedded server is in use (no `DATABASE_URL`)."""
    return "EMBEDDED" in settings.DATABASES["default"]


def name() -> str:
    """The database's name."""
    return str(settings.DATABASES["default"]["NAME"])


def cluster() -> Cluster:
    """The embedded cluster. Raises ManagedServer when the database is somebody else's server."""
    if not is_embedded():
        raise ManagedServer(
            _("DATABASE_URL trỏ tới máy chủ do nơi khác quản lý; haicap không khởi động hay dừng nó."),
            kept=_("Không có gì thay đổi."),
            todo=_("Dùng công cụ của máy chủ ấy, hoặc bỏ DATABASE_URL để dùng cơ sở dữ liệu nhúng."),
        )
    entry = settings.DATABASES["default"]["EMBEDDED"]
    return Cluster(Path(entry["data_folder"]), durable=entry["durable"])


def url() -> str:
    """The database's address, password included; the embedded server is started when it does not run."""
    if is_embedded():
        found = cluster()
        return embedded.url(found.data_folder, name(), durable=found.durable)
    return url_of(settings.DATABASES["default"])


def url_of(entry: dict[str, Any]) -> str:
    """The address in one of Django's DATABASES entries, as `DATABASE_URL` would give it."""
    role = quote(entry["USER"], safe="") + (
        f":{quote(entry['PASSWORD'], safe='')}" if entry["PASSWORD"] else ""
    )
    options = {key: str(value) for key, value in entry.get("OPTIONS", {}).items() if key != "pool"}
    host = entry["HOST"]
    if host.startswith("/"):
        options, host = {"host": host, **options}, ""
    place = f"[{host}]" if ":" in host else host
    port = f":{entry['PORT']}" if entry["PORT"] and place else ""
    if entry["PORT"] and not place:
        options["port"] = entry["PORT"]
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"postgresql://{role + '@' if role else ''}{place}{port}/{quote(entry['NAME'], safe='')}{query}"


def use(database: str) -> None:
    """Turn to another database of the embedded server, before the first connection of this process."""
    entry = settings.DATABASES["default"]
    entry["NAME"] = database
    entry["EMBEDDED"]["database"] = database


def remember(database: str) -> None:
    """Make this the database that later commands use."""
    folder = cluster().data_folder
    scratch = folder / ".current-database"
    scratch.write_text(database + "\n")
    scratch.replace(folder / "current-database")
