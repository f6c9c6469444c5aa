"""What one subject may see of itself, through the platform: decisions, reasons, measures, appeals, data."""
