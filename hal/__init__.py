"""Hardware abstraction: ports say what a device does, the registry finds who does it."""
