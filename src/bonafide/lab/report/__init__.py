"""An evaluation as one HTML file: words, drawings and tables that need nothing from outside it."""
