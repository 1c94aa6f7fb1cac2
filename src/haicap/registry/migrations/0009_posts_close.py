"""A post can be closed: from that day on nobody holds it, which the database itself sees to.

Both looks need no locks of their own: every write to posts and appointments waits for its turn at
`registry_revision` (migration 0002), so that each sees what the other has committed.
"""

from django.db import migrations, models

OPEN = """
CREATE FUNCTION registry_post_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_post post JOIN written ON written.post_id = post.id
         WHERE post.closed_on IS NOT NULL AND upper_inf(written.recorded)
           AND (upper_inf(written.valid) OR upper(written.valid) > post.closed_on)
    ) THEN
        RAISE EXCEPTION 'nobody holds a post from the day on which it is closed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_post_open';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_post_open_insert AFTER INSERT ON registry_appointment REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION registry_post_open();
CREATE TRIGGER registry_post_open_update AFTER UPDATE ON registry_appointment REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION registry_post_open();

CREATE FUNCTION registry_post_closes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM registry_appointment held
         WHERE held.post_id = NEW.id AND upper_inf(held.recorded)
           AND (upper_inf(held.valid) OR upper(held.valid) > NEW.closed_on)
    ) THEN
        RAISE EXCEPTION 'a post that somebody holds is not closed on %', NEW.closed_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_post_open';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_post_closes AFTER UPDATE OF closed_on ON registry_post
    FOR EACH ROW WHEN (NEW.closed_on IS NOT NULL) EXECUTE FUNCTION registry_post_closes();
"""
OPEN_BACK = """
DROP TRIGGER registry_post_closes ON registry_post;
DROP FUNCTION registry_post_closes();
DROP TRIGGER registry_post_open_update ON registry_appointment;
DROP TRIGGER registry_post_open_insert ON registry_appointment;
DROP FUNCTION registry_post_open();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_set_based_keys")]
    operations = [
        migrations.AddField("post", "closed_on", models.DateField(blank=True, null=True)),
        migrations.AddIndex(
            "post",
            models.Index(
                fields=["closed_on"],
                name="registry_post_closed",
                condition=models.Q(("closed_on__isnull", False)),
            ),
        ),
        migrations.RunSQL(OPEN, OPEN_BACK),
    ]
