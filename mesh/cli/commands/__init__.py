"""The commands, one file each: arguments to data."""
