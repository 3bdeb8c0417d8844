"""External formats, pure: bytes to frozen records and back. No clock, no input or output, no opinion on whom to believe."""
