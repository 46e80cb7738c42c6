"""From a route's name to its URL, and back."""
