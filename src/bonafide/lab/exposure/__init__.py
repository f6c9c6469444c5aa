"""What is open on credit and what of it may be lost: ledger, forecast, reserves, stress, flow of funds, warnings."""
