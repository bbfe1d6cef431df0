"""Where logs come from: one file a platform, each yielding the same records."""
