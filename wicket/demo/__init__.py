"""The demo: every daemon as a process of its own, simulated devices, one page to play with."""
