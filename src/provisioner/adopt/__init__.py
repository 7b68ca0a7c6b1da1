"""Which inventory would make what runs: a good change by hand, put where it belongs."""
