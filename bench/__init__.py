"""Figures: what scans, a start, an idle gate, a message and a sale cost, each as a ratio to a bare
reference. docs/figures.md tells what each means."""
