"""What outside directories keep here; guarded by the journal, except how often a token asks."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0007_single_sign_on"),
    ]

    operations = [
        migrations.RunSQL(*guard_sql("access_scimgroup", "access_scimlink", "access_scimmember")),
    ]
