"""Data sets on disk: their layout, how they are made or fetched, checked, split and packed."""
