"""From the release before, with all that it has stored, to this one, and the way back."""
