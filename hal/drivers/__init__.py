"""Real devices, one file each. Reached only by name, through hal.registry."""
