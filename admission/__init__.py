"""The functional core: values and rules of admission. No I/O, no clock: `now` is an argument."""
