"""Every write to the registry is journalled: a transaction without an entry of its own does not commit."""

from django.db import migrations

from haicap.kernel.journal.guard import guard_sql

TABLES = (
    "registry_agency",
    "registry_agencycode",
    "registry_agencysuccession",
    "registry_agencyversion",
    "registry_appointment",
    "registry_codeholding",
    "registry_deployment",
    "registry_desk",
    "registry_focalpoint",
    "registry_holding",
    "registry_person",
    "registry_post",
    "registry_reorganisation",
    "registry_reorganisation_resolutions",
    "registry_resolution",
    "registry_site",
    "registry_siteuse",
    "registry_succession",
    "registry_title",
    "registry_unit",
    "registry_unitevent",
    "registry_unitname",
    "registry_unitversion",
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_runs"), ("kernel", "0002_journal")]
    operations = [migrations.RunSQL(*guard_sql(*TABLES))]
