"""How full time slots are, and who may have a place."""
