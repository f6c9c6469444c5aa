"""What is open on credit and what of it may be lost: the ledger, the forecast, reserves, stress, fund flow, warnings."""
