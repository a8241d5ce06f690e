"""What tickets registers."""
