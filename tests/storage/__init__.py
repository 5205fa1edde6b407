"""What holds when the storage does not: full, locked, away, cut off, migrated, restored."""
