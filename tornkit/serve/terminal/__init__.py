"""A worker's terminal: the lines that it logs, and `breakpoint()` where it has none."""
