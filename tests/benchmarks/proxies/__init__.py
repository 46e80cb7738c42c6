"""What the next client behind a proxy gets, where a request was answered before its body came."""
