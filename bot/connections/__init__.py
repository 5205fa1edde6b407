"""People and their Close accounts: connecting, staying connected, leaving."""
