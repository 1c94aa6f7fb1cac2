"""A stand-in for a national platform, as a program of its own: `python peer.py` prints its port, ends with its stdin.

It speaks standards §5 (login, session, dstcode, services, error_code) and knows nothing of haicap's code. What it can
do wrong is set by `POST /control`: `chaos` (probability of each kind of trouble, drawn from `seed`), `hold` (answers to
calls wait until told), `session_calls` (a session ends after so many calls), `down`. What it has taken is told by
`GET /state`. A message that comes twice under one Idempotency-Key, or a step that it has to the letter, is counted
once, as a platform must.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import re
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOGIN = ("tinh", "mật khẩu thật")
MOMENT = re.compile(r"[0-9]{14}")
NEEDED = {
    "DongBoHoSoMC": [
        "MaHoSo",
        "MaTTHC",
        "TenTTHC",
        "MaLinhVuc",
        "TenLinhVuc",
        "LoaiDoiTuong",
        "Email",
        "SoDienThoai",
        "TrichYeuHoSo",
        "NgayTiepNhan",
        "NgayHenTra",
        "TrangThaiHoSo",
        "HinhThuc",
        "DonViXuLy",
    ],
    "CapNhatTienDoHoSoMC": [
        "MaHoSo",
        "NguoiXuLy",
        "ChucDanh",
        "ThoiDiemXuLy",
        "PhongBanXuLy",
        "NoiDungXuLy",
        "TrangThai",
        "NgayBatDau",
        "NgayKetThucTheoQuyDinh",
    ],
}


class State:
    """All that the platform knows."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.go = threading.Event()
        self.go.set()
        self.random = random.Random(1)
        self.settings: dict[str, Any] = {"chaos": {}, "session_calls": 0, "down": False, "delay_s": 0.0}
        self.sessions: dict[str, int] = {}
        self.agencies: list[str] | None = None
        self.procedures: dict[str, str] | None = None
        self.dossiers: dict[str, dict[str, Any]] = {}
        self.progress: dict[str, list[dict[str, Any]]] = {}
        self.counted: dict[str, int] = {}
        self.repeats = 0
        self.calls = 0
        self.logins = 0
        self.order: list[str] = []
        self.troubles: dict[str, int] = {}
        self.lists: dict[str, Any] = {}
        self.payments: dict[str, dict[str, Any]] = {}

    def told(self) -> dict[str, Any]:
        """What `GET /state` says."""
        names = [
            "dossiers",
            "progress",
            "counted",
            "repeats",
            "calls",
            "logins",
            "order",
            "troubles",
            "payments",
        ]
        return {name: getattr(self, name) for name in names}


STATE = State()


class Platform(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """The state."""
        with STATE.lock:
            self.answer(200, STATE.told())

    def do_POST(self) -> None:
        """Login, a call, a payment, or the control."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/control":
            return self.control(body)
        trouble = self.trouble()
        if STATE.settings["down"] or trouble == "drop":
            return self.hang_up()
        if trouble == "500":
            return self.answer(500, b"<html>Internal Server Error</html>")
        if self.path == "/login":
            reply = self.login(body)
        elif self.path == "/pay":
            reply = pay(body)
        else:
            reply = self.call(body)
            if trouble == "duplicate":  # a gateway on the way sent it twice
                self.call(body)
        if trouble == "lose":
            return self.hang_up()
        if trouble == "broken":
            return self.answer(200, b'{"error_code": 0, "resul')
        if trouble == "late" or STATE.settings["delay_s"]:
            time.sleep(STATE.settings["delay_s"] or 0.6)
        if self.path == "/call":
            STATE.go.wait(60)
        self.answer(*reply)

    def trouble(self) -> str:
        """What goes wrong this time, if anything."""
        with STATE.lock:
            for name, chance in STATE.settings["chaos"].items():
                if STATE.random.random() < chance:
                    STATE.troubles[name] = STATE.troubles.get(name, 0) + 1
                    if name == "expire":
                        STATE.sessions.clear()
                        return ""
                    return str(name)
        return ""

    def login(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A session for who knows the password."""
        with STATE.lock:
            STATE.logins += 1
            if (body.get("username"), body.get("password")) != LOGIN:
                return 200, {"error_code": 1, "message": "Sai tên đăng nhập hoặc mật khẩu"}
            session = secrets.token_hex(8)
            STATE.sessions[session] = STATE.settings["session_calls"] or 10**9
            return 200, {"session": session, "error_code": 0}

    def call(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """A service."""
        with STATE.lock:
            STATE.calls += 1
            left = STATE.sessions.get(body.get("session", ""), 0)
            if left < 1:
                return 200, {"error_code": 401, "message": "Phiên đã hết hạn"}
            STATE.sessions[body["session"]] = left - 1
            if not self.headers.get("dstcode") or not body.get("madonvi"):
                return 200, {"error_code": 2, "message": "Thiếu dstcode hoặc madonvi"}
            service = body.get("service")
            if service in STATE.lists:
                found = STATE.lists[service]
                return 200, {"error_code": 0, "result": found.get(body.get("maTTHC"), {})} if isinstance(
                    found, dict
                ) else {"error_code": 0, "result": found}
            if service == "TraCuuHoSo":
                return self.look_up(body)
            if service not in NEEDED:
                return 200, {"error_code": 3, "message": f"Không có dịch vụ {service}"}
            for item in body["data"]:
                refused = judge(service, item)
                if refused:
                    return 200, {"error_code": refused[0], "message": refused[1]}
                take(service, item, self.headers.get("Idempotency-Key", ""))
            return 200, {"error_code": 0, "message": "Thành công"}

    def look_up(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Whether it has a dossier, or one step of it."""
        code = body.get("MaHoSo")
        known = code in STATE.dossiers
        if "ThoiDiemXuLy" in body:
            known = any(one["ThoiDiemXuLy"] == body["ThoiDiemXuLy"] for one in STATE.progress.get(code, []))
        return 200, {"error_code": 0} if known else {"error_code": 31, "message": "Không có hồ sơ này"}

    def control(self, body: dict[str, Any]) -> None:
        """Change what goes wrong."""
        with STATE.lock:
            for name, value in body.items():
                if name == "seed":
                    STATE.random = random.Random(value)
                elif name == "hold":
                    STATE.go.clear() if value else STATE.go.set()
                elif name == "forget":
                    STATE.dossiers.pop(value, None)
                elif name in STATE.settings:
                    STATE.settings[name] = value
                else:
                    setattr(STATE, name, value)
        self.answer(200, {})

    def hang_up(self) -> None:
        """Close without a word."""
        self.close_connection = True
        self.connection.close()

    def answer(self, status: int, content: Any) -> None:
        """Send an answer."""
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def judge(service: str, item: dict[str, Any]) -> tuple[int, str] | None:
    """Why an object is refused."""
    missing = [name for name in NEEDED[service] if name not in item]
    if missing:
        return 10, f"Thiếu {', '.join(missing)}"
    wrong = [
        name
        for name, value in item.items()
        if name.startswith(("Ngay", "ThoiDiem")) and value and not MOMENT.fullmatch(str(value))
    ]
    if wrong:
        return 14, f"Sai định dạng ngày: {', '.join(wrong)}"
    if service == "CapNhatTienDoHoSoMC":
        return None if item["MaHoSo"] in STATE.dossiers else (21, f"Chưa có hồ sơ {item['MaHoSo']}")
    if STATE.agencies is not None and item["DonViXuLy"] not in STATE.agencies:
        return 11, f"Đơn vị «{item['DonViXuLy']}» chưa đăng ký"
    if STATE.procedures is not None:
        known = STATE.procedures.get(item["MaTTHC"])
        if known is None:
            return 12, f"Không có thủ tục {item['MaTTHC']}"
        if known != item["TenTTHC"]:
            return 13, f"Tên thủ tục {item['MaTTHC']} không khớp"
    return None


def take(service: str, item: dict[str, Any], key: str) -> None:
    """Count an object once."""
    code = item["MaHoSo"]
    if key and key in STATE.counted:
        STATE.repeats += 1
        return
    STATE.counted[key or secrets.token_hex(8)] = 1
    if service == "DongBoHoSoMC":
        STATE.dossiers[code] = item
        STATE.order.append(code)
        return
    steps = STATE.progress.setdefault(code, [])
    if item in steps:
        STATE.repeats += 1
        return
    steps.append(item)
    STATE.order.append(f"{code} {item['TrangThai']}")


SECRET = b"khoa bi mat cua cong thanh toan"


def sign(fields: dict[str, Any], names: list[str]) -> str:
    """The check sum of these fields."""
    text = "&".join(f"{name}={fields[name]}" for name in names)
    return hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()


def pay(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Open a payment."""
    names = sorted(
        name for name, value in body.items() if name != "check_sum" and isinstance(value, str | int)
    )
    if not hmac.compare_digest(sign(body, names), str(body.get("check_sum"))):
        return 200, {"error": 97, "msg": "Sai check_sum"}
    if body.get("command") != "PAY" or body.get("currency") != "VND" or not body["bill_info"].get("MaHoSo"):
        return 200, {"error": 2, "msg": "Thiếu thông tin"}
    with STATE.lock:
        STATE.payments[body["trans_id"]] = body
    return 200, {"error": 0, "msg": "", "payment_url": f"https://thanh-toan.vidu.vn/{body['trans_id']}"}


def main() -> None:
    """Serve until stdin ends."""
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Platform)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
