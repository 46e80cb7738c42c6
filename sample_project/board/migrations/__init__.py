"""The tables' history: one file a change, in `versions/`. `migrate.py` runs them."""
