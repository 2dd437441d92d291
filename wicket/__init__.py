"""The command line and the demo: the one place that knows all daemons."""
