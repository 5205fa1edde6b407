"""What proves that the bot keeps its promises."""
