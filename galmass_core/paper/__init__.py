"""What the paper published, and the same measured on our samples."""
