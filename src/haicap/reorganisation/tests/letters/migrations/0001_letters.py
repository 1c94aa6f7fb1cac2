from django.db import migrations

TABLE = """
CREATE TABLE letters_letter (
    id uuid PRIMARY KEY DEFAULT kernel_new_id(),
    desk_id uuid NOT NULL REFERENCES registry_desk,
    sender_id uuid NOT NULL REFERENCES registry_agency,
    answered boolean NOT NULL DEFAULT false,
    village text NOT NULL DEFAULT ''
);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("registry", "0002_rules")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE letters_letter")]
