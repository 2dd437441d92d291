"""Shared helpers live in tests/support and are imported as `support.x`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
