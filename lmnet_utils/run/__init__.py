"""The command line and the chain of notebooks."""
