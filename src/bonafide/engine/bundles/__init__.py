"""What a bundle is made of: its files, what is checked of them, its examples, how two differ."""
