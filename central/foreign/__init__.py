"""Tickets that others sold: lists of codes, signed codes of web shops, and what is revoked."""
