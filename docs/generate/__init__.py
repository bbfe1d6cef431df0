"""Reference pages of the documentation, written from the code and the settings files so that they cannot go stale."""
