"""Values as TOML. A text says what it says, whatever stands in it: nothing breaks out of its
quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def text(value: str) -> str:
    """A basic string (TOML 1.0.0, "String"). Surrogates are no text: UnicodeEncodeError."""
    value.encode()
    return f'"{"".join(map(_character, value))}"'


def texts(values: Iterable[str]) -> str:
    """An array of texts."""
    return f"[{', '.join(map(text, values))}]"


def table(values: Mapping[str, str]) -> str:
    """An inline table of texts."""
    pairs = (f"{text(key)} = {text(value)}" for key, value in values.items())
    return f"{{ {', '.join(pairs)} }}"


def _character(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return f"\\u{ord(one):04X}" if ord(one) < 0x20 or ord(one) == 0x7F else one
