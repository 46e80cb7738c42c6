"""The supervisor's event loop: one selector and its timers."""
