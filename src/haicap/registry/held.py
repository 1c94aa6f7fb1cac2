"""Which desks agencies hold now, as SQL that queries of every system can join; imports nothing."""

# The desks that the agencies (given twice, as uuid[]) hold now. The inner query narrows by the index on
# agency to the desks they ever held; the outer keeps those whose latest holding is theirs.
HELD_DESKS_SQL = """
    SELECT latest.desk_id
    FROM (
        SELECT DISTINCT ON (held.desk_id) held.desk_id, held.agency_id
        FROM registry_holding held
        WHERE held.desk_id IN (
              SELECT ever.desk_id FROM registry_holding ever WHERE ever.agency_id = ANY (%s::uuid[])
          )
          AND held.begins_at <= kernel_clock_now()
        ORDER BY held.desk_id, held.begins_at DESC
    ) latest
    WHERE latest.agency_id = ANY (%s::uuid[])
"""
