"""Facts of forums and microblogs, one file each; people are those of Reddit threads and of published experiments."""
