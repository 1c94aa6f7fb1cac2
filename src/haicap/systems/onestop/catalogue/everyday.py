"""Everyday procedures (thủ tục hành chính thường gặp): codes, names, fields and time limits, as facts.

From the National Database on Administrative Procedures as published at dichvucong.gov.vn (July 2026). The
one-stop shop works with any code; these have a name to show and a default time limit. Working days are those
of the published text; where it gives calendar days, five working days stand for seven. `level` is who decides
before 1/7/2025 (until then districts gave household business and first land certificates, for example),
`share` how often it is asked for among the procedures of its level (made up after press reports: certified
copies and civil status lead everywhere).
"""

from __future__ import annotations

from dataclasses import dataclass

from haicap.registry.models import Level


@dataclass(frozen=True, slots=True)
class Procedure:
    """Thủ tục hành chính: `days` working days (0: the same day), `share` a weight within its level."""

    code: str
    name: str
    field: str
    level: Level
    days: int
    share: float


#: mã lĩnh vực → tên; the codes are short names of our own until the catalogue of procedures comes
FIELDS: dict[str, str] = {
    "ho-tich": "Hộ tịch",
    "chung-thuc": "Chứng thực",
    "dat-dai": "Đất đai",
    "xay-dung": "Hoạt động xây dựng",
    "quy-hoach": "Quy hoạch đô thị và nông thôn",
    "ho-kinh-doanh": "Hộ kinh doanh",
    "doanh-nghiep": "Thành lập và hoạt động của doanh nghiệp",
    "bao-tro-xa-hoi": "Bảo trợ xã hội",
    "nguoi-co-cong": "Người có công",
    "giam-ngheo": "Giảm nghèo",
    "nuoi-con-nuoi": "Nuôi con nuôi",
    "hoa-giai": "Hòa giải ở cơ sở",
    "duong-bo": "Đường bộ",
    "giay-phep-lai-xe": "Sát hạch, cấp giấy phép lái xe",
    "viec-lam": "Việc làm",
    "moi-truong": "Môi trường",
    "duoc-pham": "Dược phẩm",
    "an-toan-thuc-pham": "An toàn thực phẩm",
    "van-bang": "Văn bằng, chứng chỉ",
    "ly-lich-tu-phap": "Lý lịch tư pháp",
}

_C, _D, _P = Level.COMMUNE, Level.DISTRICT, Level.PROVINCE

EVERYDAY: tuple[Procedure, ...] = (
    Procedure("2.000815", "Chứng thực bản sao từ bản chính giấy tờ, văn bản", "chung-thuc", _C, 0, 40.0),
    Procedure("2.000884", "Chứng thực chữ ký trong các giấy tờ, văn bản", "chung-thuc", _C, 0, 8.0),
    Procedure("2.001035", "Chứng thực giao dịch liên quan đến tài sản", "chung-thuc", _C, 2, 3.0),
    Procedure("2.001019", "Chứng thực di chúc", "chung-thuc", _C, 2, 0.3),
    Procedure("2.001016", "Chứng thực văn bản từ chối nhận di sản", "chung-thuc", _C, 2, 0.3),
    Procedure("1.001193", "Đăng ký khai sinh", "ho-tich", _C, 1, 9.0),
    Procedure("1.000656", "Đăng ký khai tử", "ho-tich", _C, 1, 4.0),
    Procedure("1.000894", "Đăng ký kết hôn", "ho-tich", _C, 1, 4.0),
    Procedure("1.004873", "Cấp Giấy xác nhận tình trạng hôn nhân", "ho-tich", _C, 3, 9.0),
    Procedure("2.000635", "Cấp bản sao Trích lục hộ tịch, bản sao Giấy khai sinh", "ho-tich", _C, 1, 8.0),
    Procedure("1.004859", "Thay đổi, cải chính, bổ sung thông tin hộ tịch", "ho-tich", _C, 3, 2.0),
    Procedure("1.004884", "Đăng ký lại khai sinh", "ho-tich", _C, 5, 2.0),
    Procedure("1.001022", "Đăng ký nhận cha, mẹ, con", "ho-tich", _C, 3, 0.5),
    Procedure("1.004837", "Đăng ký giám hộ", "ho-tich", _C, 3, 0.3),
    Procedure("2.001263", "Đăng ký việc nuôi con nuôi trong nước", "nuoi-con-nuoi", _C, 15, 0.1),
    Procedure("1.002211", "Công nhận hòa giải viên", "hoa-giai", _C, 5, 0.3),
    Procedure(
        "1.011607", "Công nhận hộ nghèo, hộ cận nghèo thường xuyên hằng năm", "giam-ngheo", _C, 11, 0.7
    ),
    Procedure(
        "1.001776",
        "Thực hiện, điều chỉnh, thôi hưởng trợ cấp xã hội hằng tháng",
        "bao-tro-xa-hoi",
        _C,
        15,
        3.0,
    ),
    Procedure(
        "1.001731", "Hỗ trợ chi phí mai táng cho đối tượng bảo trợ xã hội", "bao-tro-xa-hoi", _C, 5, 1.0
    ),
    Procedure("1.001699", "Xác định, xác định lại mức độ khuyết tật", "bao-tro-xa-hoi", _C, 25, 0.7),
    Procedure("1.010803", "Giải quyết chế độ trợ cấp thờ cúng liệt sĩ", "nguoi-co-cong", _C, 20, 0.6),
    Procedure("1.012812", "Hòa giải tranh chấp đất đai", "dat-dai", _C, 22, 0.5),
    Procedure("1.001612", "Đăng ký thành lập hộ kinh doanh", "ho-kinh-doanh", _D, 3, 18.0),
    Procedure("2.000720", "Đăng ký thay đổi nội dung đăng ký hộ kinh doanh", "ho-kinh-doanh", _D, 3, 6.0),
    Procedure("1.001266", "Chấm dứt hoạt động hộ kinh doanh", "ho-kinh-doanh", _D, 3, 5.0),
    Procedure("1.001570", "Tạm ngừng kinh doanh của hộ kinh doanh", "ho-kinh-doanh", _D, 3, 3.0),
    Procedure(
        "1.012753", "Đăng ký đất đai, cấp Giấy chứng nhận quyền sử dụng đất lần đầu", "dat-dai", _D, 17, 12.0
    ),
    Procedure("1.013949", "Chuyển mục đích sử dụng đất", "dat-dai", _D, 11, 10.0),
    Procedure("1.012796", "Đính chính Giấy chứng nhận đã cấp lần đầu có sai sót", "dat-dai", _D, 8, 3.0),
    Procedure("1.013225", "Cấp giấy phép xây dựng mới nhà ở riêng lẻ", "xay-dung", _D, 10, 12.0),
    Procedure("1.013229", "Cấp giấy phép xây dựng sửa chữa, cải tạo", "xay-dung", _D, 10, 4.0),
    Procedure("1.014159", "Cung cấp thông tin quy hoạch đô thị và nông thôn", "quy-hoach", _D, 7, 5.0),
    Procedure("2.000908", "Cấp bản sao từ sổ gốc", "chung-thuc", _D, 1, 9.0),
    Procedure("2.000528", "Đăng ký khai sinh có yếu tố nước ngoài", "ho-tich", _D, 1, 2.0),
    Procedure("3.000333", "Cấp Phiếu lý lịch tư pháp", "ly-lich-tu-phap", _P, 7, 14.0),
    Procedure("3.000348", "Cấp lại giấy phép lái xe", "giay-phep-lai-xe", _P, 5, 12.0),
    Procedure("2.002288", "Cấp, cấp lại phù hiệu cho xe ô tô kinh doanh vận tải", "duong-bo", _P, 2, 9.0),
    Procedure("2.001583", "Đăng ký thành lập công ty TNHH một thành viên", "doanh-nghiep", _P, 3, 7.0),
    Procedure("2.002043", "Đăng ký thành lập công ty cổ phần", "doanh-nghiep", _P, 3, 3.0),
    Procedure(
        "1.014199", "Cấp giấy phép lao động đối với người lao động nước ngoài", "viec-lam", _P, 10, 2.0
    ),
    Procedure("1.014092", "Cấp Chứng chỉ hành nghề dược", "duoc-pham", _P, 15, 1.5),
    Procedure("1.010727", "Cấp giấy phép môi trường cấp tỉnh", "moi-truong", _P, 22, 0.5),
    Procedure(
        "2.000591",
        "Cấp Giấy chứng nhận cơ sở đủ điều kiện an toàn thực phẩm",
        "an-toan-thuc-pham",
        _P,
        15,
        2.0,
    ),
    Procedure("3.000465", "Cấp bản sao văn bằng, chứng chỉ từ sổ gốc", "van-bang", _P, 1, 2.0),
)

_BY_CODE = {procedure.code: procedure for procedure in EVERYDAY}


def procedure(code: str) -> Procedure | None:
    """The everyday procedure of this code, or None."""
    return _BY_CODE.get(code)


def procedure_name(code: str) -> str:
    """What the procedure is called; its code where it is not among the everyday ones."""
    found = _BY_CODE.get(code)
    return found.name if found is not None else code


def field_name(field: str) -> str:
    """What the field (lĩnh vực) is called; as it was entered where it is not known."""
    return FIELDS.get(field, field)
