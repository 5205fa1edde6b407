"""Parts together: both databases, real processes, and Close over HTTP."""
