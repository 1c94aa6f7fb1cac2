"""The embedded server's settings: safe, and sized for the machine it runs on (a PC of 4 GB upwards)."""

from __future__ import annotations

import os


def server_configuration(socket_folder: str, *, durable: bool, major: int) -> str:
    """The text of `haicap.conf`, read by the server after its own `postgresql.conf`."""
    settings = _common(socket_folder) | _memory(_memory_mb())
    if major >= 15:
        settings["wal_compression"] = "on"
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"shared_buffers": "256MB", "autovacuum_naptime": "1h", "log_min_messages": "error"}
    lines = (f"{name} = '{value}'" for name, value in settings.items())
    return "# Written by haicap at every start: change settings by ALTER SYSTEM.\n" + "\n".join(lines) + "\n"


def _common(socket_folder: str) -> dict[str, str]:
    return {
        # A socket only: no port to clash with, nothing on the network.
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": socket_folder,
        "unix_socket_permissions": "0777",  # the password is the gate, the folder's owner the wall
        "max_connections": "80",
        "password_encryption": "scram-sha-256",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than it saves on short queries
        "max_wal_size": "2GB",
        "min_wal_size": "160MB",
        "checkpoint_timeout": "15min",
        "client_connection_check_interval": "5s",  # a killed client's query ends, and its locks with it
        "log_timezone": "Asia/Ho_Chi_Minh",
        "lc_messages": "C",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "%a.log",  # a week, overwritten day by day
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_min_duration_statement": "5s",
        "log_lock_waits": "on",
        "cluster_name": "haicap",
    }


def _memory(total_mb: int) -> dict[str, str]:
    """An eighth of the memory for shared buffers, between 128 MB and 2 GB."""
    shared = max(128, min(2048, total_mb // 8))
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(512, total_mb // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(64, min(512, total_mb // 32))}MB",
    }


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
