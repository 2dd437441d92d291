"""What the ticket office finds people and requests by, and sells in bulk."""
