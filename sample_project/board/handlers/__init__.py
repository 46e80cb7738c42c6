"""Request handlers: a module for each part of the application; `base.py` has what all share."""
