"""What goes to people: SMS, e-mail, paper. Wanted in the transaction that makes it true, sent
later, again and again until it went out or somebody of the staff has to look at it."""
