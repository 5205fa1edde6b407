"""Nothing secret leaves the bot, in any form, on any way."""
