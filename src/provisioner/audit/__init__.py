"""What every router of a selection runs, held against what was last confirmed there and what the inventory says."""
