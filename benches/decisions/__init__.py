"""Detection quality, recorded by scenario and seed; README.md in this folder tells of the files."""
