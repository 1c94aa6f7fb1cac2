"""See the package: settings load without touching a server; the first connection starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base
from psycopg.conninfo import conninfo_to_dict

from haicap.kernel.database import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """Kết nối: to the embedded database when the settings have an `EMBEDDED` entry, else as Django does.

    `EMBEDDED` is `{"data_folder": str, "database": str, "durable": bool}`; `database` is made when missing.
    """

    def get_connection_params(self) -> dict[str, Any]:
        """Django's connection parameters, with host, role and password of the embedded server filled in."""
        parameters: dict[str, Any] = super().get_connection_params()
        entry = self.settings_dict.get("EMBEDDED")
        if entry:
            parameters |= _find_server(parameters["dbname"], entry)
        return parameters


def _find_server(database: str, entry: dict[str, Any]) -> dict[str, Any]:
    wanted = database if database == entry["database"] else "postgres"
    address = embedded.url(Path(entry["data_folder"]), wanted, durable=entry["durable"])
    found = conninfo_to_dict(address)
    return {name: found[name] for name in ("host", "port", "user", "password")}
