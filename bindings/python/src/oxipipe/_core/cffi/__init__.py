"""The back end through cffi: every Python, the same semantics."""
