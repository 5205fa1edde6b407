"""The sandbox in a browser: a page that plays Slack for people, around the real bot."""
