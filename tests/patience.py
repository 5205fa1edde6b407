"""How long tests wait for something to happen: long, for a busy machine proves nothing wrong."""

PATIENCE = 30.0  # seconds; nobody waits for them where all is well
MOMENT = 0.02  # seconds between two looks, where only looking tells
