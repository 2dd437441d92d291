"""Tickets as a visitor gets them: one design for page, PDF and paper."""
