"""What `bonafide bench` measures. It ships inside the wheel; nothing of the package imports it but that command."""
