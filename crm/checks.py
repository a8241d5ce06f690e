"""System checks: settings that must not be used refuse to start."""
