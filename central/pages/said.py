"""What a page says after something was done: the address carries the key, never the words."""

SAID = {
    "welcome": "You are signed in.",
    "goodbye": "You are signed out.",
    "staff-added": "The account is made.",
    "staff-changed": "The account is changed. Whoever used it has to sign in again.",
}
