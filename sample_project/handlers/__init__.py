"""The request handlers, one concept a file."""
