"""What draws on a screen: the kiosk's painter and the lanes' displays share it."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
