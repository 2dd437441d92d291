"""Who works at the venue: accounts, roles, sessions, and what each of them did."""
