"""The office: what people and partners do with decisions, and the journal that nothing acknowledged leaves."""
