"""The database: its tables, their revisions, transactions, copies, and the worker on duty."""
