"""Counters of the ticket office and the cloakroom: what is read there, what is printed there."""
