"""Time as people say it, with the zone and the clock fixed."""
