"""Which units a plan touches, beside the plan: officials of those units may see it."""

import yaml
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM


def read_codes(text):
    """The codes before and after of a plan's text; a text that was saved has this form."""
    content = yaml.load(text, Loader=yaml.BaseLoader)
    units, abolished = content.get("units") or [], content.get("abolished") or []
    parts = [part for unit in units for part in unit.get("from") or []]
    before = {part["part"] if isinstance(part, dict) else part for part in parts}
    return sorted(before | {item["unit"] for item in abolished}), sorted({unit["form"] for unit in units})


def fill(apps, schema_editor):
    plans = list(apps.get_model("reorganisation", "Plan").objects.all())
    if not plans:
        return
    with journal.act(SYSTEM, "reorganisation.note_units_of_plans") as act:
        for plan in plans:
            latest = plan.texts.order_by("-number").first()
            if latest is not None:
                plan.codes_before, plan.codes_after = read_codes(latest.text)
                plan.save(update_fields=["codes_before", "codes_after"])
                act.changed("reorganisation.plan", plan.pk, None, {"units": len(plan.codes_after)})


def codes():
    return ArrayField(models.CharField(max_length=5), default=list, blank=True)


class Migration(migrations.Migration):
    dependencies = [("reorganisation", "0002_requests_and_sign_offs")]
    operations = [
        migrations.AddField("plan", "codes_before", codes()),
        migrations.AddField("plan", "codes_after", codes()),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
