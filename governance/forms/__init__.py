"""What leaders fill in. Each form lives in the file of its noun; forms check words, the records decide."""
