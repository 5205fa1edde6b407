"""What people do, from a signed request to a call at Close."""
