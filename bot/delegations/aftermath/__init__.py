"""What goes on in a grantor's name once a right is over: found, decided about, paused."""
