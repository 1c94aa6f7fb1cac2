"""Floor 1: clock, calendar, text, journal, outbox and jobs, files, errors, the System contract."""
