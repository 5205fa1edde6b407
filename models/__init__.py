"""The heart: tables, states, transitions and policy. No input or output happens here."""
