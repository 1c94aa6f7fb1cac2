"""Forms of routes. A form knows its own fields only; values are checked again where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from haicap.registry.models import AgencyKind, Level
from haicap.systems.onestop.models import Status, TaskKind
from haicap.systems.onestop.routes.definition import (
    LABEL_LENGTH,
    MOST_AGENCIES,
    MOST_OUTCOMES,
    NAME_LENGTH,
    SLOT_LENGTH,
    OutcomeKind,
)

Choices = Iterable[tuple[str, Any]]


def _text(label: Any, most: int, *, required: bool = True, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget)


class RouteForm(forms.Form):
    """Quy trình mới hoặc bản sao: its code and name."""

    code = _text(_("Mã quy trình"), 60)
    name = _text(_("Tên quy trình"), 200)
    note = forms.CharField(
        label=_("Ghi chú"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class UploadForm(RouteForm):
    """Nhập BPMN: the file and what the route shall be called."""

    file = forms.FileField(label=_("Tệp BPMN 2.0 (.bpmn, .xml)"), max_length=255)


class NewStepForm(forms.Form):
    """Thêm bước."""

    name = _text(_("Tên bước"), NAME_LENGTH)
    kind = forms.ChoiceField(label=_("Loại việc"), choices=TaskKind.choices, initial=TaskKind.WORK)
    title = forms.ChoiceField(label=_("Chức danh"), required=False)
    hours = _text(_("Số giờ làm việc"), 10, inputmode="decimal")

    def __init__(self, *args: Any, titles: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["title"], [("", _("chưa chọn")), *titles.items()])


class StepForm(NewStepForm):
    """Sửa bước: the same fields."""


class OutcomeForm(forms.Form):
    """Cách kết thúc bước."""

    key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=_("Cách kết thúc"), choices=[(each.value, each.label) for each in OutcomeKind]
    )
    label = _text(_("Chữ trên nút"), LABEL_LENGTH)
    to = forms.ChoiceField(label=_("Bước sau"), required=False)
    status = forms.ChoiceField(
        label=_("Trạng thái hồ sơ sau đó"),
        choices=[(str(each.value), f"{each.value}. {each.label}") for each in Status],
        initial=str(Status.PROCESSING.value),
    )

    def __init__(self, *args: Any, steps: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["to"], [("", _("kết thúc quy trình")), *steps])


class AgencyForm(forms.Form):
    """Cơ quan được lấy ý kiến."""

    kind = forms.ChoiceField(
        label=_("Loại cơ quan"), choices=AgencyKind.choices, initial=AgencyKind.DEPARTMENT
    )
    level = forms.ChoiceField(label=_("Cấp"), choices=Level.choices, initial=Level.PROVINCE)
    slot = _text(_("Tên sở, phòng"), SLOT_LENGTH, required=False)


OutcomeFormSet = forms.formset_factory(OutcomeForm, extra=1, max_num=MOST_OUTCOMES, can_delete=True)
AgencyFormSet = forms.formset_factory(AgencyForm, extra=1, max_num=MOST_AGENCIES, can_delete=True)


class AssignForm(forms.Form):
    """Chọn thủ tục và quy trình để gán."""

    level = forms.ChoiceField(label=_("Cấp giải quyết"), choices=Level.choices, initial=Level.COMMUNE)
    field = forms.ChoiceField(label=_("Lĩnh vực"), required=False)
    text = _text(_("Tên hoặc mã thủ tục"), 100, required=False)
    over_days = forms.IntegerField(
        label=_("Thời hạn trên (ngày làm việc)"), required=False, min_value=0, max_value=400
    )
    within_days = forms.IntegerField(
        label=_("Thời hạn đến (ngày làm việc)"), required=False, min_value=0, max_value=400
    )
    everything = forms.BooleanField(label=_("Cả thủ tục đã có quy trình"), required=False)
    route = forms.ChoiceField(label=_("Quy trình"), required=False)
    begins_on = _text(_("Áp dụng từ ngày (bỏ trống: hôm nay)"), 20, required=False, inputmode="numeric")

    def __init__(self, *args: Any, fields: Choices, routes: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["field"], [("", _("mọi lĩnh vực")), *fields])
        _offer(self.fields["route"], [("", _("theo đề xuất của thư viện")), *routes])


def _offer(field: forms.Field, choices: Choices) -> None:
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)
