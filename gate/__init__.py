"""The turnstile daemon: the lanes of one Pi. It always decides locally."""
