"""What a change of the inventory, the templates or the program does to every router, offline: two sides, rendered and compared."""
