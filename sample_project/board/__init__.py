"""Board: a Tornado application. `app.py` puts it together, `routes.py` has its URLs."""
