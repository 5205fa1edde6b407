"""One named test for each attack, over HTTP against the real process."""
