"""A strict fake of the Telegram Bot API over a real socket."""
