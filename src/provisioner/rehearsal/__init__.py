"""A change tried on the twin of the devices that it touches, before anybody merges it."""
