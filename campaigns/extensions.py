"""What campaigns registers."""
