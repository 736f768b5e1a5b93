"""The named commands: a table, what is written by hand, and the shapes of their replies."""
