"""What can go wrong with the embedded database, and the way out of each (KRN-501 to KRN-519)."""

from __future__ import annotations

from haicap.kernel.errors import Unavailable


class DatabaseError(Unavailable):
    """The embedded database cannot do what was asked (cơ sở dữ liệu nhúng không dùng được)."""

    code = "KRN-501"


class ServerMissing(DatabaseError):
    """No PostgreSQL server program is installed (thiếu chương trình máy chủ PostgreSQL)."""

    code = "KRN-502"


class VersionMismatch(DatabaseError):
    """The cluster was made by another major version of the server (khác phiên bản máy chủ)."""

    code = "KRN-503"


class DiskFull(DatabaseError):
    """The disk has no room (hết dung lượng đĩa)."""

    code = "KRN-504"


class StartFailed(DatabaseError):
    """The server did not start (máy chủ không khởi động được)."""

    code = "KRN-505"


class StillRunning(DatabaseError):
    """Processes of the cluster live on and do not answer (tiến trình cũ chưa kết thúc)."""

    code = "KRN-506"


class NoServerUser(DatabaseError):
    """Started as root, and no ordinary user can be found to run the server (thiếu người dùng hệ thống)."""

    code = "KRN-507"


class NotACluster(DatabaseError):
    """The folder holds something else than a database cluster (thư mục không phải cụm dữ liệu)."""

    code = "KRN-508"


class NotPermitted(DatabaseError):
    """The data folder belongs to somebody else (không có quyền với thư mục dữ liệu)."""

    code = "KRN-509"


class DumpFailed(DatabaseError):
    """pg_dump failed (sao lưu không thành công)."""

    code = "KRN-510"


class RestoreFailed(DatabaseError):
    """pg_restore failed (khôi phục không thành công)."""

    code = "KRN-511"


class NotEmpty(DatabaseError):
    """The database that was to be filled holds tables already (cơ sở dữ liệu không trống)."""

    code = "KRN-512"


class ManagedServer(DatabaseError):
    """The database is a managed server, not ours to start or stop (máy chủ do nơi khác quản lý)."""

    code = "KRN-513"
