"""Real processes, real HTTP, and everything that can go wrong; then the books are balanced."""
