"""Point clouds as arrays: frames, cameras, nearest neighbours, distances, alignment, visibility. Knows no files."""
