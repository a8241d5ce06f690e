"""What deals registers."""
