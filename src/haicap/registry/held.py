"""Which desks agencies hold now, and what agencies are called today: SQL for the queries of every system."""

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

# For `FROM registry_holding AS ever JOIN LATERAL {LATEST_OF_EVER}`: narrowed by `ever.agency_id`, this leaves the
# desks that those agencies hold now.
LATEST_OF_EVER = """(
      SELECT id, agency_id FROM registry_holding
       WHERE desk_id = ever.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
  ) AS latest ON latest.id = ever.id"""

# For `JOIN LATERAL {HOLDING_OF_POST} ON …`: the holding of a post's desk now; its agency is null where it is closed.
HOLDING_OF_POST = """(
      SELECT agency_id FROM registry_holding
       WHERE desk_id = post.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
  ) AS holding"""

# For `LEFT JOIN LATERAL {VERSION_TODAY} ON true`: what `agency` is called on the day %(today)s.
VERSION_TODAY = """(
      SELECT name, fold, closed FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(today)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version"""
