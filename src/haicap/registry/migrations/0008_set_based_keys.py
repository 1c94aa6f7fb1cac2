"""Keys of the tables that a cut-over writes by the hundred thousand are checked once a statement, not once a row.

A foreign key asks and locks the row it names for every row written: 860,000 times in a national cut-over, a third of
its whole time. Here the same is guarded by two rules:

- a row may only name a row that is there: one set-based look after each statement that writes;
- what is named stays: units, agencies, codes, desks and titles are never deleted and keep their ids, whoever asks.

Together they say what a foreign key says (nothing can vanish between the look and the commit, so nothing is to be
locked), and more. Django knows the relations as before (`db_constraint=False`).
"""

import django.db.models.deletion
from django.db import migrations, models

#: table → (column, table it names)
REFERS = {
    "registry_agency": [("unit_id", "registry_unit")],
    "registry_agencyversion": [("agency_id", "registry_agency"), ("parent_id", "registry_agency")],
    "registry_agencysuccession": [
        ("predecessor_id", "registry_agency"),
        ("successor_id", "registry_agency"),
    ],
    "registry_codeholding": [("code_id", "registry_agencycode"), ("agency_id", "registry_agency")],
    "registry_desk": [("founder_id", "registry_agency")],
    "registry_holding": [("desk_id", "registry_desk"), ("agency_id", "registry_agency")],
    "registry_post": [("desk_id", "registry_desk"), ("title_id", "registry_title")],
}
#: table → its key
NAMED = {
    "registry_unit": "id",
    "registry_agency": "id",
    "registry_agencycode": "id",
    "registry_desk": "id",
    "registry_title": "code",
}

# The look is planned anew each time: for one row through the index, for a hundred thousand by a hash.
FUNCTIONS = """
CREATE FUNCTION registry_refers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    FOR n IN 0 .. TG_NARGS - 1 BY 3 LOOP
        EXECUTE format(
            'SELECT written.%1$I FROM written WHERE written.%1$I IS NOT NULL AND NOT EXISTS ('
            'SELECT FROM %2$I named WHERE named.%3$I = written.%1$I) LIMIT 1',
            TG_ARGV[n], TG_ARGV[n + 1], TG_ARGV[n + 2]) INTO missing;
        IF missing IS NOT NULL THEN
            RAISE EXCEPTION '% names % in %, which is not there', TG_TABLE_NAME, missing, TG_ARGV[n + 1]
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'registry_refers',
                    TABLE = TG_TABLE_NAME, COLUMN = TG_ARGV[n];
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION registry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never deleted and keeps its id: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'registry_stays', TABLE = TG_TABLE_NAME;
END $$;
"""
FUNCTIONS_BACK = "DROP FUNCTION registry_refers(); DROP FUNCTION registry_stays();"


def _triggers() -> tuple[str, str]:
    forward, back = "", ""
    for table, keys in REFERS.items():
        arguments = ", ".join(f"'{column}', '{named}', '{NAMED[named]}'" for column, named in keys)
        for event in ("INSERT", "UPDATE"):
            name = f"registry_refers_{event.lower()}"
            forward += (
                f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING NEW TABLE AS written "
                f"FOR EACH STATEMENT EXECUTE FUNCTION registry_refers({arguments});\n"
            )
            back += f"DROP TRIGGER {name} ON {table};\n"
    for table, key in NAMED.items():
        forward += (
            f"CREATE TRIGGER registry_stays BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION registry_stays();\n"
            f"CREATE TRIGGER registry_stays_itself BEFORE UPDATE OF {key} ON {table} FOR EACH ROW "
            f"WHEN (OLD.{key} IS DISTINCT FROM NEW.{key}) EXECUTE FUNCTION registry_stays();\n"
        )
        back += f"DROP TRIGGER registry_stays ON {table}; DROP TRIGGER registry_stays_itself ON {table};\n"
    return forward, back


def _key(model: str, name: str, to: str, related: str, null: bool = False) -> migrations.AlterField:
    options = {"blank": True, "null": True} if null else {}
    return migrations.AlterField(
        model_name=model,
        name=name,
        field=models.ForeignKey(
            db_constraint=False,
            db_index=(model, name) == ("agencysuccession", "successor"),
            on_delete=django.db.models.deletion.PROTECT,
            related_name=related,
            to=f"registry.{to}",
            **options,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_lean_indexes")]
    operations = [
        _key("agency", "unit", "unit", "agencies"),
        _key("agencyversion", "agency", "agency", "versions"),
        _key("agencyversion", "parent", "agency", "+", null=True),
        _key("agencysuccession", "predecessor", "agency", "successions_out"),
        _key("agencysuccession", "successor", "agency", "successions_in"),
        _key("codeholding", "code", "agencycode", "holdings"),
        _key("codeholding", "agency", "agency", "codes"),
        _key("desk", "founder", "agency", "desks_founded"),
        _key("holding", "desk", "desk", "holdings"),
        _key("holding", "agency", "agency", "holdings", null=True),
        _key("post", "desk", "desk", "posts"),
        _key("post", "title", "title", "posts"),
        migrations.RunSQL(FUNCTIONS, FUNCTIONS_BACK),
        migrations.RunSQL(*_triggers()),
    ]
