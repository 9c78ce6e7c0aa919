"""What scores are worth: the protocol, methods, statistics, tables, diversity, claims."""
