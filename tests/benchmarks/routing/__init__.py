"""What it costs to find the route of a request: Tornado's routers, tornkit's, and the rivals'."""
