"""Who is connected, who is where, and what does not fit together."""
