"""What people try by hand: own photographs, the explorer, the gallery."""
