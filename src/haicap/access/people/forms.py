"""Forms of people. A form knows its own fields only: whatever else is sent is not read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from haicap.access.people.values import PersonValues, person_values
from haicap.kernel.tables import MOST_BYTES


def _text(label: Any, *, required: bool = False, most: int = 100, **attributes: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=most, widget=forms.TextInput(attrs=attributes)
    )


class PersonForm(forms.Form):
    """Lý lịch trích ngang: the name in its parts, number, e-mail, telephone."""

    family_name = _text(_("Họ"), most=50, autocomplete="off")
    middle_name = _text(_("Chữ đệm"), autocomplete="off")
    given_name = _text(_("Tên"), required=True, most=50, autocomplete="off")
    personal_number = _text(_("Số định danh cá nhân"), most=20, inputmode="numeric", autocomplete="off")
    email = _text(_("Thư công vụ"), most=254, inputmode="email", autocomplete="off")
    phone = _text(_("Điện thoại"), most=30, inputmode="tel", autocomplete="off")

    def values(self) -> PersonValues:
        """What was given, checked. Raises BadPerson (ACC-206)."""
        return person_values(self.cleaned_data)


class ChairForm(forms.Form):
    """Bổ nhiệm: a title, a day, a decision."""

    title = forms.ChoiceField(label=_("Chức danh"))
    begins_on = _text(_("Nhận từ ngày"), required=True, most=20, inputmode="numeric", autocomplete="off")
    decision = _text(_("Số quyết định"), autocomplete="off")

    def __init__(self, *args: Any, titles: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["title"]
        assert isinstance(field, forms.ChoiceField)  # declared above
        field.choices = list(titles)


class EndForm(forms.Form):
    """Thôi giữ chức danh: the first day without it, the decision."""

    ends_on = _text(_("Thôi giữ từ ngày"), required=True, most=20, inputmode="numeric", autocomplete="off")
    decision = _text(_("Số quyết định"), autocomplete="off")


class ClosePostForm(forms.Form):
    """Đóng ghế: the first day on which it is no more, the decision, whether its holder's time ends with it."""

    closes_on = _text(_("Đóng từ ngày"), required=True, most=20, inputmode="numeric", autocomplete="off")
    decision = _text(_("Số quyết định"), autocomplete="off")
    end_holders = forms.BooleanField(label=_("Người đang giữ thôi giữ từ ngày ấy"), required=False)

    def __init__(self, *args: Any, held: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not held:
            del self.fields["end_holders"]


class DelegationForm(forms.Form):
    """Ủy quyền: to whom, from and until which day (included), why, by which document."""

    delegate = forms.ChoiceField(label=_("Người nhận ủy quyền"))
    begins_on = _text(_("Từ ngày"), required=True, most=20, inputmode="numeric", autocomplete="off")
    ends_on = _text(_("Đến hết ngày"), required=True, most=20, inputmode="numeric", autocomplete="off")
    reason = _text(_("Lý do"), required=True, most=500)
    decision = _text(_("Số văn bản ủy quyền"))

    def __init__(self, *args: Any, people: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["delegate"]
        assert isinstance(field, forms.ChoiceField)  # declared above
        field.choices = list(people)


class ListForm(forms.Form):
    """Tệp danh sách: Excel or CSV."""

    file = forms.FileField(label=_("Tệp Excel (.xlsx) hoặc CSV"), max_length=200)
    add_posts = forms.BooleanField(label=_("Thêm ghế khi cơ quan thiếu ghế"), required=False)

    def clean_file(self) -> Any:
        """Not larger than a list may be."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("Tệp lớn hơn 5 MB; hãy chia thành nhiều tệp."))
        return file
