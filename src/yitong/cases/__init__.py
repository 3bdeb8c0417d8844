"""Cases: a request lodged in one jurisdiction and decided in another, as events made by pure rules. See ``decide``."""
