"""The paper's published results, and the same measured on our samples."""
