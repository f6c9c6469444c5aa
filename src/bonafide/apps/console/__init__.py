"""The console: what risk people look at all day, over the HTTP API and nothing else (docs/console.md)."""
