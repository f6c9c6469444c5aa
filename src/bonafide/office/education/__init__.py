"""Education: people are told, at the right moment, how cash-out hurts them; and whether that helps is measured."""
