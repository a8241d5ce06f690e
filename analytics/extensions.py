"""What analytics registers."""
