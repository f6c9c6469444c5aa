"""Admission: reviews of merchants kept, what people decide about them, and what the platform is told."""
