"""What the commands that make and change projects share: words, questions, trees of files."""
