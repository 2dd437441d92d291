"""Money: what a visitor owes, pays and gets back, in a double-entry ledger that balances."""
