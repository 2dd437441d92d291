"""The daemon at a counter: its scanners and NFC readers, its printer."""
