"""Pictures of the bot in a real Matrix client, for the documentation and for the eye."""
