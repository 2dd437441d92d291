"""Seats: the plan of a hall, the best of the free ones, and who holds which."""
