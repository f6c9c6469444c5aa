"""The office's work beside the deciding process: ids into the vault, messages out, terms kept."""
