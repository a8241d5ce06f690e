"""Icons of the reactions."""

SIGNS = {"like": "thumb-up", "done": "check", "seen": "eye", "joy": "confetti", "doubt": "help-circle"}
