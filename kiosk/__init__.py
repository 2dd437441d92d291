"""The self-service daemon: a pure flow and pure screens, and a shell round them."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
