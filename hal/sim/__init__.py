"""Simulated devices, shipped: `driver = "sim"` in a configuration. They play on a Stage."""
