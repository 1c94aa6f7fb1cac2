"""People, posts, appointments, accounts and delegations, looked after by the administrators of their agencies."""
