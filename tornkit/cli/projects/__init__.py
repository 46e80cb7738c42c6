"""Parts of the commands that make and change projects: options, questions, trees of files."""
