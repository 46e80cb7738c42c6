"""How one table differs from another, saved or of another revision."""
