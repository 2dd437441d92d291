"""Facts in and out: the feed, snapshots, and what devices tell."""
