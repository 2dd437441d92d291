"""What the venue offers, when, and for how much."""
