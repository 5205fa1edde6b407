"""What one machine carries and what binds past it: a model in virtual time, and what feeds it."""
