"""What keeps connections safe, without a database."""
