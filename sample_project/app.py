"""Serves Board without tornkit: `python app.py`, in one process and without reloading."""

from board.app import run

if __name__ == "__main__":
    run()
