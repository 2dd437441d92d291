"""A visitor's ticket request, from the cart to the tickets."""
