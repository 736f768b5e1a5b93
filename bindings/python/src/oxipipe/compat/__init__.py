"""Other libraries' interfaces on top of oxipipe: a program written for one runs with its import changed."""
