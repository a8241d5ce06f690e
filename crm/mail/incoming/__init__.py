"""Letters of strangers: read into clean parts, made harmless, judged. What becomes of one is the apps' own matter."""
