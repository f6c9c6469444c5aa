"""The office: what people and partners do with decisions, durable."""
