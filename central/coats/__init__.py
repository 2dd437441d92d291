"""The coat check: what hangs on which tag, whose it is, and who may fetch it."""
