"""The office's store: one database file of tables that people and programs write rarely, and the data directory."""
