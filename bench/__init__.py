"""Figures: what a scan, a start, a message and a sale cost, each as a ratio to a bare reference."""
