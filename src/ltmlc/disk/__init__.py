"""Files that are whole or absent, locks, checksums, progress, and the file system's troubles in words."""
