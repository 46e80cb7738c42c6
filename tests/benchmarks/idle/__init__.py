"""Memory for each keep-alive connection that waits for its next request."""
